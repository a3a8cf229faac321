import type { LossEntry } from './entries.js';

/**
 * Loss points moved out of a job's stream, as artifacts named `losses-ATTEMPT-ITERATION-STEP.f32` after the first
 * point. A file is a sequence of blocks, one per entry of the stream, in its order. Everything is little-endian. A
 * block begins with five unsigned 32-bit integers:
 *
 *     seq           of the entry
 *     iteration     meta-iteration of the first point
 *     step          step of the first point within its horizon
 *     perIteration  points per meta-iteration
 *     count         points in the block
 *
 * followed by `count` 32-bit floats.
 */
export interface LossBlock extends LossEntry {
  readonly seq: number;
}

const headerBytes = 20;
const pattern = /^losses-(\d+)-(\d+)-(\d+)\.f32$/;

export interface LossFile {
  name: string;
  attempt: number;
  /** First meta-iteration. */
  iteration: number;
}

export function lossFileName(attempt: number, { iteration, step }: LossBlock): string {
  const pad = (value: number, digits: number) => String(value).padStart(digits, '0');
  return `losses-${pad(attempt, 3)}-${pad(iteration, 9)}-${pad(step, 6)}.f32`;
}

/** The loss files among the names, in the order of their points. */
export function lossFiles(names: readonly string[]): LossFile[] {
  return [...names].sort().flatMap((name) => {
    const match = pattern.exec(name);
    return match ? [{ name, attempt: Number(match[1]), iteration: Number(match[2]) }] : [];
  });
}

export function encodeLossFile(blocks: readonly LossBlock[]): Uint8Array {
  const bytes = new Uint8Array(blocks.reduce((sum, { points }) => sum + headerBytes + points.byteLength, 0));
  const view = new DataView(bytes.buffer);
  let offset = 0;
  for (const { seq, iteration, step, perIteration, points } of blocks) {
    for (const value of [seq, iteration, step, perIteration, points.length]) {
      view.setUint32(offset, value, true);
      offset += 4;
    }
    bytes.set(new Uint8Array(points.buffer, points.byteOffset, points.byteLength), offset);
    offset += points.byteLength;
  }
  return bytes;
}

/** The points are views of the bytes. */
export function* decodeLossFile(bytes: Buffer): Generator<LossBlock> {
  // Floats need offsets divisible by four; a buffer may have any.
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  const view = new DataView(aligned.buffer, aligned.byteOffset, aligned.byteLength);
  for (let offset = 0; offset < aligned.byteLength; ) {
    const [seq, iteration, step, perIteration, count] = [0, 4, 8, 12, 16].map((i) => view.getUint32(offset + i, true));
    offset += headerBytes;
    const points = new Float32Array(aligned.buffer, aligned.byteOffset + offset, count!);
    offset += points.byteLength;
    yield { seq: seq!, iteration: iteration!, step: step!, perIteration: perIteration!, points };
  }
}
