import type { LossEntry } from './entries.js';

/**
 * Loss points that have moved out of a job's stream, as artifacts named `losses-ATTEMPT-ITERATION-STEP.f32` after the
 * first of them. A file is one block after the other, one for each entry that was in the stream, in its order. A block
 * is five unsigned 32-bit integers, all of the file being little-endian:
 *
 *     seq           of the entry
 *     iteration     meta-iteration of the first point
 *     step          step of the first point within its horizon
 *     perIteration  points a meta-iteration
 *     count         points in the block
 *
 * and then `count` 32-bit floats.
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

/** Those of the names that are of loss files, in the order of their points. */
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
  // Floats lie at multiples of four; a buffer need not.
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
