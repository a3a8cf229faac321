import { type JobEvent, type RunEvent, toWireEvent } from '../../contract/events.js';
import { toWire } from '../../contract/schema.js';
import type { LossPoints } from '../jobs.js';
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

/** Losses as they are stored. */
export interface StoredLosses extends Omit<LossEntry, 'points'> {
  /** The points as little-endian Float32. */
  readonly bytes: Buffer;
}

/** @returns null unless the entry has losses. */
export function storedLosses([, fields]: RawEntry): StoredLosses | null {
  const bytes = fields[3];
  if (bytes === undefined) return null;
  const { iteration, step, perIteration } = JSON.parse(String(fields[1])) as Omit<StoredLosses, 'bytes'>;
  return { iteration, step, perIteration, bytes };
}

/** @returns null unless the entry has losses. */
export function decodeLosses(entry: RawEntry): LossEntry | null {
  const stored = storedLosses(entry);
  if (stored === null) return null;
  const { bytes, ...losses } = stored;
  return { ...losses, points: toPoints(bytes) };
}

/** The losses of an entry, or some of them. */
export interface EntryPoints extends LossPoints {
  readonly seq: number;
}

/** Those of the meta-iterations [from, to); no more is copied. */
export function pointsWithin(
  { seq, iteration, perIteration, bytes }: Omit<StoredLosses, 'step'> & { readonly seq: number },
  from: number,
  to: number,
): EntryPoints[] {
  const first = Math.max(iteration, from);
  const offset = (meta: number) => 4 * Math.max(0, meta - iteration) * perIteration;
  const part = bytes.subarray(offset(first), offset(to));
  return part.length > 0 ? [{ seq, iteration: first, perIteration, points: toPoints(part) }] : [];
}

export function decodeEntry(job: string, entry: RawEntry): JobEvent {
  const [, text, , points] = entry[1];
  const event = { job, ...positionOf(entry), ...JSON.parse(String(text)) } as JobEvent;
  if (event.type === 'losses' && points) event.points = Array.from(toPoints(points), toWire);
  return event;
}

/** Copied, since floats need alignment, which the bytes of a reply lack. */
function toPoints(bytes: Buffer): Float32Array {
  const points = new Float32Array(bytes.length / 4);
  new Uint8Array(points.buffer).set(bytes);
  return points;
}
