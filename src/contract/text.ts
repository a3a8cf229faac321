/**
 * Characters that a terminal obeys or that are invisible: the control characters C0, DEL and C1, line and paragraph
 * separators, marks of writing direction, characters without width.
 */
const hidden = '\\u0000-\\u001f\\u007f-\\u009f\\u061c\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff';

/** The pattern of text without any of them. */
export const visibleText = `^[^${hidden}]*$`;

const each = new RegExp(`[${hidden}]`, 'g');
const eachWithinLines = new RegExp(`(?![\\t\\n])[${hidden}]`, 'g');

/** The text on one line, safe for a terminal: each hidden character escaped as in JSON. */
export function printable(text: string): string {
  return text.replace(each, escaped);
}

/** The same, but keeping line breaks and tabs. JSON stays JSON, with the same value. */
export function printableLines(text: string): string {
  return text.replace(eachWithinLines, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
