import type { OpenArtifact } from '../../artifacts.js';
import { type EntryPoints, type LossEntry, pointsWithin } from '../entries.js';

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

/** Bytes that are read at a time. */
const pieceBytes = 1 << 19;
/** Buffers that are free again: as garbage, those of many short reads would pile up. */
const spare: Buffer[] = [];
const maxSpare = 4;

/**
 * The points of a file that belong to the meta-iterations [from, to).
 * @param wanted whether to return those of a block with this seq and first meta-iteration
 * @returns those of each piece that is read, in order; none for some pieces
 */
export async function* readLossFile(
  file: OpenArtifact,
  { from, to }: { from: number; to: number },
  wanted: (seq: number, iteration: number) => boolean,
): AsyncGenerator<EntryPoints[]> {
  let buffer = spare.pop() ?? Buffer.alloc(pieceBytes);
  try {
    for (let position = 0; position < file.size; ) {
      const bytes = buffer.subarray(0, await file.readInto(buffer, position));
      const found: EntryPoints[] = [];
      let at = 0;
      while (at + headerBytes <= bytes.length) {
        const header = [0, 4, 8, 12, 16].map((i) => bytes.readUInt32LE(at + i));
        const [seq, iteration, , perIteration, count] = header as [number, number, number, number, number];
        const start = at + headerBytes;
        const end = start + 4 * count;
        if (wanted(seq, iteration) && iteration + count / perIteration > from) {
          // A block that is cut off is read with the next piece, for which a large one needs a larger buffer.
          if (end > bytes.length) {
            if (at === 0) buffer = Buffer.alloc(end);
            break;
          }
          found.push(...pointsWithin({ seq, iteration, perIteration, bytes: bytes.subarray(start, end) }, from, to));
        }
        at = end;
      }
      yield found;
      position += at;
    }
  } finally {
    if (buffer.length === pieceBytes && spare.length < maxSpare) spare.push(buffer);
  }
}
