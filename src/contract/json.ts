import type { FieldError } from './errors.js';

/** Maximum depth of a document, deeper than any schema. A deeper one could exhaust the stack of code that walks it. */
export const maxDepth = 32;

/** Maximum values in a document, nested ones included: three times as many as the longest job has. */
export const maxValues = 10_000;

/**
 * Checks a JSON text before parsing: it must not nest too deep or hold too many values. All later work on a document
 * takes time and memory in proportion to its values, so this bounds them. It reads the text once, builds nothing, and
 * stops at the limit. It does not check the syntax: the parser does.
 */
export function excessOf(text: string): FieldError | null {
  let depth = 0;
  let values = 1;
  let last = '';
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    switch (character) {
      case '"':
        at = endOfString(text, at);
        break;
      case '[':
      case '{':
        depth++;
        values++;
        break;
      case ']':
      case '}':
        depth--;
        if (last === '[' || last === '{') values--;
        break;
      case ',':
        values++;
        break;
      case ' ':
      case '\n':
      case '\r':
      case '\t':
        continue;
    }
    last = character;
    if (depth > maxDepth) return tooDeep;
    if (values > maxValues) return tooMany;
  }
  return null;
}

const tooDeep: FieldError = {
  pointer: '',
  found: 'deeper nesting',
  allowed: `a document at most ${maxDepth} levels deep`,
};
const tooMany: FieldError = {
  pointer: '',
  found: `more than ${maxValues} values`,
  allowed: `a document of at most ${maxValues} values, counting each one in lists and objects`,
};

/** Index of the closing quote of the string that opens here, or of the end of the text. */
function endOfString(text: string, open: number): number {
  let close = text.indexOf('"', open + 1);
  while (close >= 0 && isEscaped(text, close)) close = text.indexOf('"', close + 1);
  return close < 0 ? text.length : close;
}

/** Whether an odd number of backslashes precedes the character. */
function isEscaped(text: string, at: number): boolean {
  let before = at - 1;
  while (text[before] === '\\') before--;
  return (at - before) % 2 === 0;
}

/**
 * The first value that no document may hold: half of a surrogate pair, or a key that would reach an object's prototype
 * when copied.
 */
export function faultIn(value: unknown): FieldError | null {
  if (typeof value === 'string' && hasLoneSurrogate(value))
    return { pointer: '', found: 'half of a surrogate pair', allowed: 'a string of whole Unicode characters' };
  if (typeof value !== 'object' || value === null) return null;
  for (const [key, inner] of Object.entries(value)) {
    if (hasLoneSurrogate(key))
      return { pointer: '', found: 'a key with half of a surrogate pair', allowed: 'known fields' };
    const fault =
      key === '__proto__' ? { pointer: '', found: 'a prototype key', allowed: 'no such field' } : faultIn(inner);
    if (fault) return { ...fault, pointer: pointerTo(key) + fault.pointer };
  }
  return null;
}

/** One step of a JSON Pointer (RFC 6901). */
export function pointerTo(key: string): string {
  return `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

function hasLoneSurrogate(text: string): boolean {
  return /\p{Surrogate}/u.test(text);
}

export function isDeeperThan(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth === 0 || Object.values(value).some((inner) => isDeeperThan(inner, depth - 1));
}
