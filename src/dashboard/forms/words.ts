import type { Bound, Field, NumberField } from './field.js';
import { isObject, type Json } from './json.js';

/** Fields in words. */

/** "learningRate" as "Learning rate"; names that are symbols stay. */
export function labelOf(name: string): string {
  if (name.length === 1) return name;
  const words = name.replace(/([a-z0-9])([A-Z])/g, (_, end: string, begin: string) => `${end} ${begin.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** What a field accepts: "an integer from 1 to 1,000", "above 0, at most 10"; empty if a control shows it already. */
export function rangeOf(field: Field): string {
  switch (field.kind) {
    case 'number':
      return numberRange(field);
    case 'text':
      return Number.isFinite(field.most) ? `at most ${field.most} characters` : '';
    case 'list': {
      const item = rangeOf(field.item);
      return [countOf(field.least, field.most), item === '' ? '' : `each ${item}`]
        .filter((part) => part !== '')
        .join(', ');
    }
    case 'nullable':
      return [rangeOf(field.field), 'or none'].filter((part) => part !== '').join(', ');
    case 'either':
      return field.options
        .map(rangeOf)
        .filter((part) => part !== '')
        .join(', or ');
    case 'json':
      return `as JSON: this form does not know ${field.reason}`;
    default:
      return '';
  }
}

function numberRange({ isInteger, low, high }: NumberField): string {
  const noun = isInteger ? 'an integer' : 'a number';
  if (low && high && !low.isOpen && !high.isOpen)
    return `${noun} from ${formatValue(low.value)} to ${formatValue(high.value)}`;
  const bounds = [bound(low, 'above', 'at least'), bound(high, 'below', 'at most')].filter((part) => part !== '');
  return [noun, bounds.join(', ')].filter((part) => part !== '').join(' ');
}

function bound(of: Bound | null, open: string, closed: string): string {
  return of === null ? '' : `${of.isOpen ? open : closed} ${formatValue(of.value)}`;
}

function countOf(least: number, most: number): string {
  if (least === 0) return Number.isFinite(most) ? `at most ${most}` : '';
  return Number.isFinite(most) ? `${least} to ${most}` : `at least ${least}`;
}

/** A value in a sentence or beside a field: "1,000", "1e-8", "20, 20", "none", "sgd, learningRate tuned; adam". */
export function formatValue(value: Json | undefined): string {
  if (value === undefined) return '–';
  if (value === null) return 'none';
  if (value === true) return 'yes';
  if (value === false) return 'no';
  if (value === Number.MAX_SAFE_INTEGER) return '2⁵³ − 1';
  if (typeof value === 'number') return formatNumber(value);
  if (Array.isArray(value) && value.length === 0) return 'none';
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(formatValue).join(value.some(isObject) ? '; ' : ', ');
  const fields = Object.entries(value).map(([name, part]) => (name === 'name' ? '' : `${name} `) + formatValue(part));
  return fields.join(', ');
}

function formatNumber(value: number): string {
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e9) return value.toLocaleString('en-GB');
  // Ten digits show a ratio such as 10^(1/8) well enough.
  return String(Number(value.toPrecision(10)));
}

/**
 * The beginning of a description, enough to know what it is about, and the rest: its first sentence, or of a long one what
 * comes before a colon or a semicolon.
 */
export function splitDescription(description: string): [first: string, rest: string] {
  const sentence = description.search(/\. [A-Z"\u0370-\u03ff]/);
  const first = sentence < 0 ? description : description.slice(0, sentence + 1);
  const end = first.length > 110 ? clauseEnd(first) : first.length;
  return [description.slice(0, end), description.slice(end).trim()];
}

/** The end of the first clause of a sentence, outside parentheses. */
function clauseEnd(sentence: string): number {
  let depth = 0;
  for (const [at, character] of [...sentence.slice(0, 110)].entries()) {
    if (character === '(' || character === '[') depth++;
    if (character === ')' || character === ']') depth--;
    if (depth === 0 && at >= 24 && (character === ':' || character === ';') && sentence[at + 1] === ' ') return at + 1;
  }
  return sentence.length;
}

/** A text with names of fields in backticks, in its parts: every second one is a name. */
export function partsOf(text: string): string[] {
  return text.split('`');
}
