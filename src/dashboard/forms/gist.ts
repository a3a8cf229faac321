import { type Field, isSimple, type Member, type ObjectField } from './field.js';
import { isObject, type Json, type JsonObject } from './json.js';
import { complete, isChanged, sectionOf, variantOf } from './values.js';
import { formatValue, labelOf } from './words.js';

/** What a closed section has, in a few words: its choice, its items, and what is not the default. */
export function gistOf(field: Field, value: Json | undefined): string {
  const whole = complete(field, value);
  if (whole === undefined) return '';
  if (whole === null) return 'none';
  const inner = field.kind === 'nullable' ? field.field : field;
  if (inner.kind === 'list' && Array.isArray(whole)) return itemsOf(inner.item, whole);
  if (!isObject(whole)) return formatValue(whole);
  switch (inner.kind) {
    case 'variants':
      return [variantOf(inner, whole)?.name ?? '', ...changesOf(sectionOf(inner, whole), whole)].join(' · ');
    case 'presence':
    case 'object':
      return changesOf(inner.kind === 'object' ? inner : sectionOf(inner, whole), whole).join(' · ') || 'defaults';
    default:
      return formatValue(whole);
  }
}

/** The names of the items, if they have names. */
function itemsOf(item: Field, items: readonly Json[]): string {
  if (items.length === 0) return 'none';
  const names = items.map((one) => nameOf(item, one));
  return names.every((name) => name !== '') ? names.join(', ') : String(items.length);
}

function nameOf(item: Field, value: Json): string {
  if (item.kind === 'variants') return variantOf(item, value)?.name ?? '';
  return isObject(value) && typeof value.name === 'string' ? value.name : '';
}

function changesOf(object: ObjectField | undefined, value: JsonObject): string[] {
  return (object?.members ?? []).flatMap((member) => partOf(member, value[member.name]));
}

function partOf({ name, field }: Member, value: Json | undefined): string[] {
  if (value === undefined || field.kind === 'constant') return [];
  // A choice says what the section is about, whether or not it is the usual one.
  if (field.kind === 'variants' && field.default === undefined) return [variantOf(field, value)?.name ?? ''];
  if (!isSimple(field) || value === null || !isChanged(field, value)) return [];
  return [`${labelOf(name).toLowerCase()} ${formatValue(value)}`];
}
