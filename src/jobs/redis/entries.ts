import { type JobEvent, type RunEvent, toWireEvent } from '../../contract/events.js';
import { toWire } from '../../contract/schema.js';
import { fromId, type Position } from './position.js';

/**
 * An entry of a job's stream: a field `event` with the event as JSON, its time included, and for losses a field
 * `points` with the points as little-endian Float32.
 */
export interface Entry {
  readonly event: string;
  readonly points: Buffer | null;
}

export function encodeEntry(event: RunEvent, time: number): Entry {
  if (event.type !== 'losses') return { event: JSON.stringify({ ...toWireEvent(event), time }), points: null };
  const { points, ...rest } = event;
  return { event: JSON.stringify({ ...rest, time }), points: toBytes(points) };
}

/** A copy, since the caller may overwrite the points. */
function toBytes(points: Float32Array): Buffer {
  return Buffer.from(Buffer.from(points.buffer, points.byteOffset, points.byteLength));
}

/** An entry as returned by Redis: its id, then fields and values alternating. */
export type RawEntry = [id: Buffer, fields: Buffer[]];

export function positionOf([id]: RawEntry): Position {
  return fromId(id.toString());
}

export function hasLosses([, fields]: RawEntry): boolean {
  return fields.length > 2;
}

export interface LossEntry {
  readonly iteration: number;
  readonly step: number;
  readonly perIteration: number;
  readonly points: Float32Array;
}

/** @returns null unless the entry has losses. */
export function decodeLosses([, fields]: RawEntry): LossEntry | null {
  const points = fields[3];
  if (points === undefined) return null;
  const { iteration, step, perIteration } = JSON.parse(String(fields[1])) as Omit<LossEntry, 'points'>;
  return { iteration, step, perIteration, points: toPoints(points) };
}

export function decodeEntry(job: string, entry: RawEntry): JobEvent {
  const [, text, , points] = entry[1];
  const event = { job, ...positionOf(entry), ...JSON.parse(String(text)) } as JobEvent;
  if (event.type === 'losses' && points) event.points = Array.from(toPoints(points), toWire);
  return event;
}

/** Copied, since floats need alignment, which the bytes of a reply lack. */
export function toPoints(bytes: Buffer): Float32Array {
  const points = new Float32Array(bytes.length / 4);
  new Uint8Array(points.buffer).set(bytes);
  return points;
}
