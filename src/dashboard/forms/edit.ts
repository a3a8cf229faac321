import type { Field, VariantsField } from './field.js';
import { isObject, type Json, type Path, same, withValue } from './json.js';
import { beginning, complete, minimal, variantOf } from './values.js';

/** Changes that a form makes to a document. */

/**
 * The document with another value at the path; undefined leaves the value to its default, or takes an item out of a list.
 * What is the same as its default is left out, unless the document said it before.
 */
export function edited(root: Field, document: Json, path: Path, value: Json | undefined): Json {
  const before = complete(root, document);
  // From the complete document: parts on the way may be there only by default.
  const changed = withValue(before, path, value);
  const [after, short] = [complete(root, changed), minimal(root, changed)];
  return after === undefined || short === undefined ? {} : keepWritten(document, before, after, short);
}

/**
 * @param written what the document said, and `before` the same with defaults
 * @param after what it shall mean, and `short` the same without defaults
 */
function keepWritten(written: Json | undefined, before: Json | undefined, after: Json, short: Json): Json {
  if (Array.isArray(written) && Array.isArray(before) && Array.isArray(after) && Array.isArray(short))
    return short.map((item, i) => keepWritten(written[i], before[i], after[i]!, item));
  if (!isObject(written) || !isObject(before) || !isObject(after) || !isObject(short)) return short;
  const entries = Object.entries(after).flatMap(([name, value]): [string, Json][] => {
    const [own, shorter] = [written[name], short[name]];
    if (shorter !== undefined) return [[name, keepWritten(own, before[name], value, shorter)]];
    return own !== undefined && same(before[name], value) ? [[name, own]] : [];
  });
  return Object.fromEntries(entries);
}

/** The value as another variant: with the fields that both have, and what the other one begins with. */
export function switched(field: VariantsField, value: Json | undefined, name: string): Json {
  const to = field.variants.find((variant) => variant.name === name);
  if (!to) return { [field.tag]: name };
  const from = variantOf(field, value)?.object.members ?? [];
  const start = beginning(to.object);
  const entries = to.object.members.flatMap((member): [string, Json][] => {
    const kept = isObject(value) ? value[member.name] : undefined;
    const same = from.find((other) => other.name === member.name);
    const fits = kept != null && same !== undefined && plain(same.field).kind === plain(member.field).kind;
    const begun = isObject(start) ? start[member.name] : undefined;
    const chosen = member.name !== field.tag && fits ? kept : begun;
    return chosen === undefined ? [] : [[member.name, chosen]];
  });
  return Object.fromEntries(entries);
}

/** The value of a switch that turns an optional part on or off. */
export function turned(field: Field, isOn: boolean): Json | undefined {
  const standard = field.default ?? null;
  if (!isOn) return standard === null ? undefined : null;
  return standard === null ? beginning(plain(field)) : undefined;
}

function plain(field: Field): Field {
  return field.kind === 'nullable' ? field.field : field;
}
