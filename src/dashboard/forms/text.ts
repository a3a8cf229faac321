import {
  Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  Pair,
  parseDocument,
  Scalar,
} from 'yaml';
import { isObject, type Json, type JsonObject, same, stepsOf } from './json.js';

/** A job's document as text, in YAML or JSON (which is YAML). */

export type Format = 'yaml' | 'json';

export interface ReadText {
  /** null where the text is not a document. */
  readonly document: JsonObject | null;
  /** Why not, with the line, from 1. */
  readonly fault: { readonly message: string; readonly line: number } | null;
}

export function readText(text: string): ReadText {
  const lines = new LineCounter();
  const parsed = parseDocument(text, { lineCounter: lines, stringKeys: true, prettyErrors: false });
  const [error] = parsed.errors;
  if (error) return { document: null, fault: { message: error.message, line: lines.linePos(error.pos[0]).line } };
  const value = plainValue(parsed);
  if (value instanceof Error) return { document: null, fault: { message: value.message, line: 1 } };
  if (isObject(value)) return { document: value, fault: null };
  return {
    document: null,
    fault: { message: 'A document is an object of fields, such as "kind: metatrain".', line: 1 },
  };
}

function plainValue(parsed: Document): Json | Error {
  try {
    // The parser refuses aliases that expand too far.
    return parsed.toJS({ maxAliasCount: 100 }) as Json;
  } catch (error) {
    return error as Error;
  }
}

export function writeText(document: Json, format: Format): string {
  if (format === 'json') return `${JSON.stringify(document, null, 2)}\n`;
  const written = new Document();
  written.contents = nodeOf(written, document) as typeof written.contents;
  return print(written);
}

/** The text with another document in it. In YAML, comments and order stay wherever the document does. */
export function reviseText(text: string, format: Format, document: Json): string {
  const parsed = parseDocument(text, { stringKeys: true });
  if (format === 'json' || parsed.errors.length > 0 || !isMap(parsed.contents)) return writeText(document, format);
  const before = plainValue(parsed);
  if (before instanceof Error) return writeText(document, format);
  parsed.contents = revised(parsed, parsed.contents, before, document) as typeof parsed.contents;
  const after = plainValue(parsed);
  // What has an anchor stands for its aliases too, and has changed them as well.
  return after instanceof Error || !same(after, document) ? writeText(document, format) : print(parsed);
}

/** The line of a field, or of its nearest parent that the text has; from 1. */
export function lineOf(text: string, pointer: string): number {
  const lines = new LineCounter();
  const parsed = parseDocument(text, { lineCounter: lines, stringKeys: true });
  for (const path = stepsOf(pointer); path.length > 0; path.pop()) {
    const node = parsed.getIn(path, true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}

function print(document: Document): string {
  return document.toString({ lineWidth: 100, flowCollectionPadding: true });
}

/** The node with the value `after` in place of `before`, which is its own. */
function revised(document: Document, node: unknown, before: Json | undefined, after: Json): unknown {
  if (same(before, after)) return node;
  // An alias stands for other places too: only this one changes.
  if (isAlias(node)) return nodeOf(document, after);
  if (isScalar(node) && typeof after !== 'object') {
    node.value = after;
    // A number is written as it was, with an exponent for example, only while it is the same.
    delete node.source;
    delete node.format;
    return node;
  }
  if (isMap(node) && isObject(before) && isObject(after)) {
    node.items = node.items.filter(({ key }) => keyOf(key) in after);
    for (const [at, [name, value]] of Object.entries(after).entries()) {
      const pair = node.items.find(({ key }) => keyOf(key) === name);
      if (pair) pair.value = revised(document, pair.value, before[name], value) as Node;
      else node.items.splice(Math.min(at, node.items.length), 0, new Pair(new Scalar(name), nodeOf(document, value)));
    }
    return node;
  }
  if (isSeq(node) && Array.isArray(before) && Array.isArray(after)) {
    node.items = after.map((value, i) =>
      i < before.length ? revised(document, node.items[i], before[i], value) : nodeOf(document, value),
    );
    return node;
  }
  return nodeOf(document, after);
}

function keyOf(key: unknown): string {
  return String(isScalar(key) ? key.value : key);
}

/** A new node: lists and small objects of plain values on one line, but no part of the document itself. */
function nodeOf(document: Document, value: Json): Node {
  const node = document.createNode(value) as Node;
  compact(node, 0);
  return node;
}

function compact(node: unknown, depth: number): void {
  if (isSeq(node)) {
    node.flow = node.items.every(isScalar);
    for (const item of node.items) compact(item, depth + 1);
  } else if (isMap(node)) {
    node.flow = depth > 1 && node.items.length <= 3 && node.items.every(({ value }) => isScalar(value));
    for (const { value } of node.items) compact(value, depth + 1);
  }
}
