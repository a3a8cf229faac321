import { Purpose, RandomStream } from '../random/random.js';

/**
 * Statistics over functions. What is not finite stays so: a run that diverged shows as an infinite or undefined mean,
 * and is never dropped.
 */

type Values = Float32Array | Float64Array;

/** Arithmetic mean, summed in double. */
export function mean(values: Values): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/** Sample standard deviation, with n - 1. */
export function deviation(values: Values): number {
  const centre = mean(values);
  let squares = 0;
  for (const value of values) squares += (value - centre) ** 2;
  return Math.sqrt(squares / (values.length - 1));
}

/**
 * The quantile of values sorted in ascending order, by linear interpolation (Hyndman and Fan's type 7, numpy's
 * default).
 */
export function sortedQuantile(sorted: Values, probability: number): number {
  const position = probability * (sorted.length - 1);
  const below = Math.floor(position);
  const [low, high] = [sorted[below]!, sorted[Math.ceil(position)]!];
  return low === high ? low : low + (high - low) * (position - below);
}

/** Share of the pairs in which a is the smaller; a tie counts half. NaN is a loss beyond all others: infinite. */
export function winRate(a: Values, b: Values): number {
  const rank = (value: number) => (Number.isNaN(value) ? Number.POSITIVE_INFINITY : value);
  let wins = 0;
  for (let i = 0; i < a.length; i++) {
    const [ours, theirs] = [rank(a[i]!), rank(b[i]!)];
    if (ours < theirs) wins++;
    else if (ours === theirs) wins += 0.5;
  }
  return wins / a.length;
}

/**
 * Steps that the first of two curves of k + 1 losses needs fewer than the k of the second to be where that ends.
 * @returns null where it never is
 */
export function stepsSaved(ours: readonly number[], theirs: readonly number[]): number | null {
  const goal = theirs.at(-1)!;
  const first = ours.findIndex((loss) => loss <= goal);
  return first < 0 ? null : theirs.length - 1 - first;
}

/** The interval between the quantiles that leave (1 - level) / 2 on either side. */
export function percentileInterval(resampled: Float64Array, level: number): { low: number; high: number } {
  const sorted = resampled.slice().sort();
  const tail = (1 - level) / 2;
  return { low: sortedQuantile(sorted, tail), high: sortedQuantile(sorted, 1 - tail) };
}

/**
 * The nonparametric bootstrap (Efron 1979) of the means of several measures over the same functions: each resample
 * draws n functions with replacement, the same ones for every measure, so differences of means are paired.
 * Resample r draws from random stream r.
 */
export class PairedBootstrap {
  /** [n, measures]: a function's measures lie together, since resampling reads functions in random order. */
  private readonly table: Float64Array;
  private readonly n: number;
  /** Means by measure, a value a resample. */
  private readonly resampled: number[][];

  /** @param measures each [n] */
  constructor(
    measures: readonly Values[],
    private readonly seed: number,
  ) {
    const count = measures.length;
    this.n = measures[0]!.length;
    this.table = new Float64Array(this.n * count);
    measures.forEach((values, m) => {
      for (let i = 0; i < this.n; i++) this.table[i * count + m] = values[i]!;
    });
    this.resampled = measures.map(() => []);
  }

  /** Resamples drawn so far. */
  get resamples(): number {
    return this.resampled[0]!.length;
  }

  /** Draws some more. */
  resample(count: number): void {
    const { table, n, resampled } = this;
    const measures = resampled.length;
    const sums = new Float64Array(measures);
    for (let r = 0; r < count; r++) {
      const random = new RandomStream(this.seed, Purpose.bootstrap, this.resamples);
      sums.fill(0);
      for (let draw = 0; draw < n; draw++) {
        const row = random.nextInt(n) * measures;
        for (let m = 0; m < measures; m++) sums[m]! += table[row + m]!;
      }
      resampled.forEach((means, m) => {
        means.push(sums[m]! / n);
      });
    }
  }

  /** The means of measure m, a value a resample. */
  means(m: number): Float64Array {
    return Float64Array.from(this.resampled[m]!);
  }
}
