import { addBucket, addPoints, emptyBucket } from '../../../contract/loss-buckets.js';
import { ladder } from '../../../contract/losses.js';
import type { TrainingSpec } from '../../../contract/training.js';
import type { EntryPoints } from '../entries.js';
import {
  type Extent,
  extentBytes,
  type LevelBucket,
  levelsOf,
  recordBytes,
  writeExtent,
  writeRecord,
} from './layout.js';

/** Complete buckets of a level, in order. */
interface Complete {
  readonly width: number;
  readonly buckets: readonly LevelBucket[];
}

/** Bytes before the records of consecutive buckets: width, offset of the first one in the level, bytes of all. */
const runHeadBytes = 12;

/**
 * Sums up the losses of an attempt as its entries come, in the levels of {@link levelsOf}. What is to be written with an
 * entry depends only on the entries so far, and goes to fixed places: to repeat it changes nothing.
 */
export class LossSummary {
  private readonly first: FirstLevel;
  private readonly further: FurtherLevel[] = [];
  private extent: Extent;

  constructor(training: TrainingSpec) {
    const { base, top } = levelsOf(training);
    this.first = new FirstLevel(base);
    for (let width = base * ladder; width <= top; width *= ladder) this.further.push(new FurtherLevel(width));
    this.extent = { base, top, first: 0, end: 0, open: null };
  }

  /** The extent so far. Written before the first losses, it says that the attempt is summed up. */
  current(): Buffer {
    return encode(this.extent, []);
  }

  /** What is to be written with this entry. Its meta-iterations come after those of the entries before. */
  add(entry: EntryPoints): Buffer {
    const { iteration, perIteration, points } = entry;
    if (points.length === 0) return this.current();
    const { base, top, first, end } = this.extent;
    let buckets = this.first.add(entry);
    const open = this.first.open!;
    const complete: Complete[] = [{ width: base, buckets }];
    for (const level of this.further) {
      if (buckets.length === 0) break;
      buckets = level.add(buckets, open.iteration);
      complete.push({ width: level.width, buckets });
    }
    const from = end === 0 ? iteration : first;
    this.extent = { base, top, first: from, end: iteration + Math.ceil(points.length / perIteration), open };
    return encode(this.extent, complete);
  }
}

class FirstLevel {
  /** The bucket with the latest point. */
  open: LevelBucket | null = null;

  constructor(private readonly width: number) {}

  /** @returns the buckets that are complete now */
  add({ seq, iteration, perIteration, points }: EntryPoints): LevelBucket[] {
    const { width } = this;
    const complete: LevelBucket[] = [];
    for (let next = 0; next < points.length; ) {
      const from = Math.floor((iteration + Math.floor(next / perIteration)) / width) * width;
      const end = Math.min((from + width - iteration) * perIteration, points.length);
      if (this.open?.iteration !== from) {
        if (this.open) complete.push(this.open);
        this.open = { iteration: from, seq, ...emptyBucket() };
      }
      addPoints(this.open, points, next, end);
      next = end;
    }
    return complete;
  }
}

class FurtherLevel {
  private open: LevelBucket | null = null;

  constructor(readonly width: number) {}

  /**
   * @param narrower complete buckets of the level below
   * @param reached meta-iteration before which everything is complete
   * @returns the buckets that are complete now
   */
  add(narrower: readonly LevelBucket[], reached: number): LevelBucket[] {
    const { width } = this;
    const complete: LevelBucket[] = [];
    for (const bucket of narrower) {
      const from = Math.floor(bucket.iteration / width) * width;
      if (this.open?.iteration === from) {
        addBucket(this.open, bucket);
        continue;
      }
      if (this.open) complete.push(this.open);
      this.open = { ...bucket, iteration: from, seq: 0 };
    }
    if (this.open && this.open.iteration + width <= reached) {
      complete.push(this.open);
      this.open = null;
    }
    return complete;
  }
}

/** As `summaryLua` reads it. */
function encode(extent: Extent, complete: readonly Complete[]): Buffer {
  const runs = complete.flatMap(runsOf);
  const bytes = runs.reduce((sum, { buckets }) => sum + runHeadBytes + buckets.length * recordBytes, extentBytes);
  const encoded = Buffer.allocUnsafe(bytes);
  writeExtent(encoded, extent);
  let at = extentBytes;
  for (const { width, buckets } of runs) {
    encoded.writeUInt32LE(width, at);
    encoded.writeUInt32LE((buckets[0]!.iteration / width) * recordBytes, at + 4);
    encoded.writeUInt32LE(buckets.length * recordBytes, at + 8);
    at += runHeadBytes;
    for (const bucket of buckets) {
      writeRecord(encoded, at, bucket);
      at += recordBytes;
    }
  }
  return encoded;
}

/** The buckets in runs without a gap: there is none unless meta-iterations are missing. */
function runsOf({ width, buckets }: Complete): Complete[] {
  const runs: Complete[] = [];
  for (let from = 0; from < buckets.length; ) {
    let to = from + 1;
    while (to < buckets.length && buckets[to]!.iteration === buckets[to - 1]!.iteration + width) to += 1;
    runs.push({ width, buckets: buckets.slice(from, to) });
    from = to;
  }
  return runs;
}
