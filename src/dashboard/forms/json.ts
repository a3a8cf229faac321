import { pointerTo } from '../../contract/json.js';

/** JSON values and places in them. Documents are never changed in place. */

export type Json = null | boolean | number | string | Json[] | JsonObject;
export type JsonObject = { [key: string]: Json };

/** Keys and indices from the document's root. */
export type Path = readonly (string | number)[];

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function same(a: Json | undefined, b: Json | undefined): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => same(item, b[i]));
  if (!isObject(a) || !isObject(b)) return a === b;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => key in b && same(a[key], b[key]));
}

/** As JSON Pointer (RFC 6901). */
export function pointerOf(path: Path): string {
  return path.map((key) => pointerTo(String(key))).join('');
}

/** The steps of a JSON Pointer, unescaped. */
export function stepsOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

export function valueAt(document: Json | undefined, path: Path): Json | undefined {
  let value = document;
  for (const key of path) {
    if (Array.isArray(value)) value = value[Number(key)];
    else if (isObject(value) && Object.hasOwn(value, key)) value = value[key];
    else return undefined;
  }
  return value;
}

/** A copy with another value at the path; undefined takes the value out. Objects on the way are made. */
export function withValue(document: Json | undefined, path: Path, value: Json | undefined): Json | undefined {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (Array.isArray(document)) {
    const at = Number(key);
    const changed = withValue(document[at], rest, value);
    return changed === undefined ? document.toSpliced(at, 1) : document.toSpliced(at, 1, changed);
  }
  const { [key]: old, ...others } = isObject(document) ? document : {};
  const changed = withValue(old, rest, value);
  if (changed === undefined) return others;
  // A key that was there keeps its place.
  return isObject(document) && key in document ? { ...document, [key]: changed } : { ...others, [key]: changed };
}
