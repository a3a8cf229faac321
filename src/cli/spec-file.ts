import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { type Document, isNode, LineCounter, parseDocument } from 'yaml';
import { ApiError, type FieldError } from '../contract/errors.js';
import type { JobSpec } from '../contract/spec.js';
import { UserError } from '../contract/user-error.js';
import { parseJobSpec } from '../contract/validate.js';

/** A YAML or JSON document (JSON is YAML) with the lines of its fields. */
export interface SpecFile {
  /** The file's name, or "standard input". */
  name: string;
  document: unknown;
  /** The line of the field, or of its nearest parent that exists; from 1. */
  lineOf(pointer: string): number | null;
}

/**
 * Reads a document; `-` is standard input.
 * @throws UserError if it cannot be read or is not YAML.
 */
export async function readSpecFile(path: string): Promise<SpecFile> {
  const name = path === '-' ? 'standard input' : path;
  const source = await (path === '-' ? text(process.stdin) : readFile(path, 'utf8')).catch((error: Error) => {
    throw new UserError(`${name} cannot be read: ${error.message}`, 'usage');
  });
  const lines = new LineCounter();
  const parsed = parseDocument(source, { lineCounter: lines, stringKeys: true });
  const [first] = parsed.errors;
  if (first) throw new UserError(`${name} is not YAML or JSON: ${first.message}`, 'usage');
  // The parser refuses aliases that expand too far.
  return { name, document: toPlain(parsed, name), lineOf: (pointer) => lineOf(parsed, lines, pointer) };
}

function toPlain(parsed: Document, name: string): unknown {
  try {
    return parsed.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw new UserError(`${name}: ${(error as Error).message}`, 'usage');
  }
}

function lineOf(parsed: Document, lines: LineCounter, pointer: string): number | null {
  const path = pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  for (; path.length > 0; path.pop()) {
    const node = parsed.getIn(path, true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return isNode(parsed.contents) && parsed.contents.range ? lines.linePos(parsed.contents.range[0]).line : null;
}

/**
 * The complete spec of a document, after `change`.
 * @throws UserError that lists each invalid field with its line and pointer.
 */
export function specOf(file: SpecFile, change: (document: unknown) => unknown = (document) => document): JobSpec {
  try {
    return parseJobSpec(change(file.document));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    throw new UserError(describeErrors(file, error.errors), 'usage');
  }
}

/**
 * What to send to a service: the complete spec. A document whose only fault is an unknown problem or data set is sent as it
 * is, since the service may have it.
 * @throws UserError that lists each invalid field with its line and pointer.
 */
export function submissionOf(file: SpecFile): unknown {
  try {
    return parseJobSpec(file.document);
  } catch (error) {
    const isUnknown = ({ pointer, found }: FieldError) =>
      /^\/problem(\/.+)?\/(name|dataset)$/.test(pointer) && found !== 'nothing';
    if (error instanceof ApiError && error.errors.length > 0 && error.errors.every(isUnknown)) return file.document;
    return specOf(file);
  }
}

function describeErrors(file: SpecFile, errors: readonly FieldError[]): string {
  const described = errors.map(({ pointer, found, allowed }) => {
    const line = file.lineOf(pointer);
    return `  ${line === null ? '' : `line ${line}, `}${pointer || 'the document'}: found ${found}, allowed: ${allowed}`;
  });
  return [`${file.name} is not a valid job document:`, ...described].join('\n');
}
