import type { Field, ListField, NumberField } from './field.js';
import type { Json } from './json.js';

/** The text of an input, and the value that a text means. What is no such value stays text, for the service to refuse. */

const decimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** Undefined for an empty text: the default. */
export function parseInput(field: Field, text: string): Json | undefined {
  const trimmed = text.trim();
  switch (field.kind) {
    case 'number':
      return trimmed === '' ? undefined : numberOr(trimmed);
    case 'list':
      return itemsOf(field, trimmed);
    case 'nullable':
      return trimmed === '' ? null : parseInput(field.field, text);
    case 'text':
      return text === '' ? undefined : text;
    default:
      return trimmed === '' ? undefined : jsonOr(trimmed);
  }
}

export function formatInput(field: Field, value: Json | undefined): string {
  if (value === undefined || value === null) return '';
  if (field.kind === 'nullable') return formatInput(field.field, value);
  if (field.kind === 'list' && Array.isArray(value) && value.every((item) => typeof item !== 'object'))
    return value.join(', ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function itemsOf(field: ListField, text: string): Json[] {
  const isNumbers = field.item.kind === 'number';
  return text
    .split(isNumbers ? /[\s,]+/ : ',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
    .map((item) => (isNumbers ? numberOr(item) : item));
}

function numberOr(text: string): number | string {
  // A minus sign pasted from a paper.
  const ascii = text.replace('−', '-');
  return decimal.test(ascii) && Number.isFinite(Number(ascii)) ? Number(ascii) : text;
}

function jsonOr(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

/** The virtual keyboard of a phone for a field: letters where an exponent or a sign may be needed. */
export function inputMode(field: Field): 'numeric' | 'text' {
  const number = field.kind === 'nullable' ? field.field : field;
  return number.kind === 'number' && number.isInteger && !mayBeNegative(number) ? 'numeric' : 'text';
}

function mayBeNegative({ low }: NumberField): boolean {
  return low === null || low.value < 0;
}
