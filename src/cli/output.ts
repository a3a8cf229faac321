import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { devNull } from 'node:os';
import { isatty } from 'node:tty';
import type { Command } from 'commander';
import { type RunEvent, toWireEvent } from '../contract/events.js';
import { jsonPieces } from '../contract/json-pieces.js';
import type { ComparisonResults } from '../contract/results.js';
import { toWire } from '../contract/schema.js';
import { printable, printableLines } from '../contract/text.js';
import { UserError } from '../contract/user-error.js';
import { exitCodes } from './exit-codes.js';
import { paintFor } from './render/colours.js';
import { renderCurve } from './render/curve.js';
import { renderComparison, type TableStyle } from './render/table.js';

/**
 * Results go to standard output, progress and messages to standard error. In both, text that others have written (titles,
 * messages of a service, names of files) is escaped, so that it cannot control the terminal.
 */

const lost = new AbortController();

/** Aborted once standard output cannot be written: commands that only print can stop. */
export const outputLost = lost.signal;

/**
 * Keeps a command running when its output cannot be written: a reader such as `head` has left, a disk is full, a terminal
 * is closed. Unless the reader has left, the exit status is then 1, if the command has not set one itself.
 */
export function guardOutput(): void {
  // There is nowhere else to report it.
  process.stderr.on('error', () => {});
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (!outputLost.aborted && error.code !== 'EPIPE') {
      say(`Standard output cannot be written: ${error.message}`);
      process.exitCode ??= exitCodes.failure;
    }
    lost.abort();
  });
  const terminals = [0, 1, 2].filter((descriptor) => isatty(descriptor));
  process.on('exit', () => letGo(terminals.filter((descriptor) => !isatty(descriptor))));
}

/** Replaces descriptors of closed terminals: Node aborts at exit if it cannot reset their mode. */
function letGo(closedTerminals: readonly number[]): void {
  for (const descriptor of closedTerminals) {
    closeSync(descriptor);
    // The lowest free number is the one just closed.
    openSync(devNull, 'r+');
  }
}

export interface JsonOption {
  json?: boolean;
}

export function withJson(command: Command, what = 'print one JSON document'): Command {
  return command.option('--json', what);
}

/** Whether --json is given, also on a command line that cannot be parsed. */
export function isJsonWanted(): boolean {
  return process.argv.includes('--json');
}

/** Writes a file that the user has named. @throws UserError if that fails. */
export async function writeNamedFile(path: string, content: string | Uint8Array): Promise<void> {
  await writeFile(path, content).catch((error: Error) => {
    throw new UserError(`${path} cannot be written (${error.message}): name another file.`, 'usage');
  });
}

export function print(text: string): void {
  process.stdout.write(`${printableLines(text)}\n`);
}

/** A table, possibly in colour, whose cells are escaped already. */
export function printTable(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** One JSON document, or one line of a stream of them. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value));
}

/** One JSON document that may be too large for a string. */
export async function printDocument(value: unknown): Promise<void> {
  for (const piece of jsonPieces(value)) if (!(await write(printable(piece)))) return;
  print('');
}

/** Lines that arrive in pieces. */
export async function printPieces(pieces: ReadableStream<Uint8Array>): Promise<void> {
  const decoder = new TextDecoder();
  for await (const piece of pieces) if (!(await write(printableLines(decoder.decode(piece, { stream: true }))))) return;
}

/** Writes to standard output once there is room. @returns whether it can still be written. */
async function write(text: string): Promise<boolean> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain', { signal: outputLost }).catch(() => {});
  return !outputLost.aborted;
}

/** Prints a message on standard error. */
export function say(text: string): void {
  process.stderr.write(`${printableLines(text)}\n`);
}

/** The style of tables on standard output: on a terminal, in colour and as wide as it is. */
export function tableStyle(): TableStyle {
  const { columns: width } = process.stdout;
  return { paint: paintFor(process.stdout), ...(width && { width }) };
}

/** The comparison as a table and a curve. */
export function printComparison({ problem, optimizers, ...rest }: ComparisonResults): void {
  const results = {
    ...rest,
    problem: { ...problem, name: printable(problem.name) },
    optimizers: optimizers.map((optimizer) => ({ ...optimizer, label: printable(optimizer.label) })),
  } as ComparisonResults;
  const style = tableStyle();
  const width = Math.min(process.stdout.columns ?? 96, 110);
  printTable(`\n${renderComparison(results, style)}\n\n${renderCurve(results, style.paint, { width })}\n`);
}

/** An event of a local run, as a subscriber would get it: JSON has no typed arrays and no NaN. */
export function toJsonEvent(event: RunEvent): unknown {
  if (event.type === 'losses') return { ...event, points: Array.from(event.points, toWire) };
  return toWireEvent(event);
}
