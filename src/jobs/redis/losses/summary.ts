import { type Bucket, LossBuckets } from '../../../contract/loss-buckets.js';
import { ladder } from '../../../contract/losses.js';
import type { TrainingSpec } from '../../../contract/training.js';
import {
  type Extent,
  encodeBucket,
  encodeExtent,
  encodeNumbers,
  type LevelBucket,
  levelsOf,
  recordBytes,
} from './layout.js';
import type { EntryPoints } from './points.js';

/** Consecutive records of a level. */
interface Run {
  readonly width: number;
  readonly first: number;
  readonly records: Buffer[];
}

/**
 * Sums up the losses of an attempt as its entries come, in the levels of {@link levelsOf}. What is to be written with an
 * entry depends only on the entries so far, and goes to fixed places: to repeat it changes nothing.
 */
export class LossSummary {
  private readonly levels: LossBuckets[] = [];
  private state: Extent;

  constructor(training: TrainingSpec) {
    const { base, top } = levelsOf(training);
    for (let width = base; width <= top; width *= ladder) this.levels.push(new LossBuckets(width));
    this.state = { base, top, first: 0, end: 0, open: null };
  }

  /** The extent so far, to be written at the beginning: it says that the attempt is summed up. */
  extent(): Buffer {
    return encodeExtent(this.state);
  }

  /** What is to be written with this entry. Its meta-iterations come after those of the entries before. */
  add({ seq, iteration, perIteration, points }: EntryPoints): Buffer {
    if (points.length === 0) return this.extent();
    const level = this.levels[0]!;
    level.add(iteration, perIteration, points);
    const known = this.state.open;
    const touched = level.inOrder().map(([number, bucket]): LevelBucket => {
      const from = number * level.width;
      return { ...bucket, iteration: from, seq: known?.iteration === from ? known.seq : seq };
    });
    const runs: Run[] = [];
    for (const [i, bucket] of touched.slice(0, -1).entries())
      this.complete(0, bucket, touched[i + 1]!.iteration, bucket.seq, runs);
    const { base, top, first, end } = this.state;
    this.state = {
      base,
      top,
      first: end === 0 ? iteration : first,
      end: iteration + Math.ceil(points.length / perIteration),
      open: touched.at(-1)!,
    };
    return encode(this.state, runs);
  }

  /** Writes a complete bucket, and adds it to the one of the level above, which may be complete with it. */
  private complete(depth: number, bucket: Bucket & { iteration: number }, reached: number, seq: number, runs: Run[]) {
    const { width, byNumber } = this.levels[depth]!;
    const number = Math.floor(bucket.iteration / width);
    byNumber.delete(number);
    write(runs, width, number, encodeBucket({ ...bucket, seq }));
    const above = this.levels[depth + 1];
    if (!above) return;
    above.merge(bucket.iteration, bucket);
    const parent = Math.floor(bucket.iteration / above.width);
    if ((parent + 1) * above.width > reached) return;
    this.complete(depth + 1, { ...above.byNumber.get(parent)!, iteration: parent * above.width }, reached, 0, runs);
  }
}

function write(runs: Run[], width: number, number: number, record: Buffer): void {
  const run = runs.find((other) => other.width === width && other.first + other.records.length === number);
  if (run) run.records.push(record);
  else runs.push({ width, first: number, records: [record] });
}

/** As `summaryLua` reads it. */
function encode(extent: Extent, runs: readonly Run[]): Buffer {
  return Buffer.concat([
    encodeExtent(extent),
    ...runs.flatMap(({ width, first, records }) => [
      encodeNumbers(width, first * recordBytes, records.length * recordBytes),
      ...records,
    ]),
  ]);
}
