import { chunkSize } from '../../contract/data-limits.js';
import type { Datasets } from '../../contract/datasets.js';
import { coordinates } from '../../contract/problems.js';
import type { JobSpec } from '../../contract/spec.js';
import { type ExampleSet, type FunctionBatch, sampleFunctions } from '../problems/batch.js';
import type { Purpose } from '../random/random.js';

/** Maximum floats of drawn functions in memory (64 MiB). */
const keptFloats = 2 ** 24;

/** Functions 0 … count - 1 of a purpose in chunks, each drawn once while there is room. */
export class FunctionChunks {
  private readonly chunks = new Map<number, FunctionBatch>();
  private floats = 0;
  private readonly size: number;

  constructor(
    private readonly spec: JobSpec,
    private readonly datasets: Datasets,
    private readonly purpose: Purpose,
    readonly count: number,
    private readonly examples: ExampleSet,
  ) {
    this.size = chunkSize(coordinates(spec.problem));
  }

  /** Number of chunks. */
  get length(): number {
    return this.chunksBefore(this.count);
  }

  /** Number of chunks before function `first`. */
  chunksBefore(first: number): number {
    return Math.ceil(first / this.size);
  }

  /** The chunk that starts with function `first`. */
  from(first: number): FunctionBatch {
    const kept = this.chunks.get(first);
    if (kept) return kept;
    const { problem, seed } = this.spec;
    const count = Math.min(this.size, this.count - first);
    const batch = sampleFunctions(problem, seed, this.purpose, first, count, this.datasets, this.examples);
    const floats = floatsOf(batch);
    if (this.floats + floats > keptFloats) {
      this.chunks.clear();
      this.floats = 0;
    }
    this.chunks.set(first, batch);
    this.floats += floats;
    return batch;
  }
}

function floatsOf({ data, start, parts }: FunctionBatch): number {
  const own = Object.values(data).reduce((sum, { length }) => sum + length, start.length);
  return parts.reduce((sum, part) => sum + floatsOf(part), own);
}
