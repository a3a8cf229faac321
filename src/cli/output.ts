import type { Command } from 'commander';
import { type RunEvent, toWireEvent } from '../contract/events.js';
import type { ComparisonResults } from '../contract/results.js';
import { toWire } from '../contract/schema.js';
import { paintFor } from './render/colours.js';
import { renderCurve } from './render/curve.js';
import { renderComparison } from './render/table.js';

/** What goes to standard output: the answer itself. Progress and messages go to standard error. */

export interface JsonOption {
  json?: boolean;
}

export function withJson(command: Command, what = 'print one JSON document'): Command {
  return command.option('--json', what);
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** One JSON document, or one line of a stream of them. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value));
}

/** A message beside the answer. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** The comparison as a table and a curve. */
export function printComparison(results: ComparisonResults): void {
  const paint = paintFor(process.stdout);
  const width = Math.min(process.stdout.columns ?? 96, 110);
  print(`\n${renderComparison(results, paint)}\n\n${renderCurve(results, paint, { width })}\n`);
}

/** An event of a local run, as a subscriber would get it: JSON has no typed arrays and no NaN. */
export function toJsonEvent(event: RunEvent): unknown {
  if (event.type === 'losses') return { ...event, points: Array.from(event.points, toWire) };
  return toWireEvent(event);
}
