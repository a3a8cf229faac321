import { Purpose, RandomStream } from './random/random.js';

/**
 * Statistics over functions. Non-finite values count: a diverged run makes a mean infinite or NaN, and is never dropped.
 */

type Values = Float32Array | Float64Array;

/** Arithmetic mean, summed in double. */
export function mean(values: Values): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/** Sample standard deviation, with n - 1. */
export function standardDeviation(values: Values): number {
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
  return low === high || low === Number.NEGATIVE_INFINITY ? low : low + (high - low) * (position - below);
}

/**
 * The mean of the middle half: ⌊n/4⌋ values are cut at either end (Agarwal et al. 2021, arXiv 2108.13264; scipy's
 * trim_mean at 0.25). NaN if any value is.
 */
export function interquartileMean(values: Values): number {
  if (values.some(Number.isNaN)) return Number.NaN;
  const cut = Math.floor(values.length / 4);
  return mean(
    values
      .slice()
      .sort()
      .subarray(cut, values.length - cut),
  );
}

/** Share of the pairs in which a is smaller; a tie counts half. NaN counts as an infinite loss. */
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
 * How many steps earlier than the last step the first of two curves reaches the second one's final loss.
 * @param steps of the curves' values
 * @returns null if it never does
 */
export function stepsSaved(
  ours: readonly number[],
  theirs: readonly number[],
  steps: readonly number[],
): number | null {
  const goal = theirs.at(-1)!;
  const first = ours.findIndex((loss) => loss <= goal);
  return first < 0 ? null : steps.at(-1)! - steps[first]!;
}

/** The interval between the quantiles that leave (1 - level) / 2 on either side; NaN if any value is. */
export function percentileInterval(resampled: Float64Array, level: number): { low: number; high: number } {
  if (resampled.some(Number.isNaN)) return { low: Number.NaN, high: Number.NaN };
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
  /**
   * Tables of four measures, [n, 4], padded with zeros: resampling reads functions in random order, and keeps four sums
   * in registers.
   */
  private readonly tables: Float64Array[] = [];
  private readonly n: number;
  /** Means by measure, one value per resample. */
  private readonly resampled: number[][];

  /** @param measures each [n] */
  constructor(
    measures: readonly Values[],
    private readonly seed: number,
  ) {
    this.n = measures[0]!.length;
    for (let first = 0; first < measures.length; first += 4) {
      const table = new Float64Array(4 * this.n);
      for (const [m, values] of measures.slice(first, first + 4).entries())
        for (let i = 0; i < this.n; i++) table[4 * i + m] = values[i]!;
      this.tables.push(table);
    }
    this.resampled = measures.map(() => []);
  }

  /** Resamples drawn so far. */
  get resamples(): number {
    return this.resampled[0]!.length;
  }

  /** Draws `count` more. */
  resample(count: number): void {
    const { n, resampled } = this;
    const drawn = new Int32Array(n);
    for (let r = 0; r < count; r++) {
      new RandomStream(this.seed, Purpose.bootstrap, this.resamples).fillInts(drawn, n);
      const means = this.tables.flatMap((table) => sumRows(table, drawn)).map((sum) => sum / n);
      for (const [m, values] of resampled.entries()) values.push(means[m]!);
    }
  }

  /** The means of measure m, one value per resample. */
  means(m: number): Float64Array {
    return Float64Array.from(this.resampled[m]!);
  }
}

export interface StratifiedOptions {
  readonly seed: number;
  readonly resamples: number;
  /** Whether tasks are drawn too: the interval is then about other tasks like these, not only about other seeds. */
  readonly tasks: boolean;
}

/**
 * The stratified bootstrap (Agarwal et al. 2021, arXiv 2108.13264, section 4.1): a resample draws as many runs of each
 * task as it has, with replacement. Resample r draws from random stream r.
 * @param scores per task, one per run
 * @param statistic of all scores of a resample, task by task
 * @returns one value per resample, for {@link percentileInterval}
 */
export function stratifiedBootstrap(
  scores: readonly Values[],
  statistic: (scores: Float64Array) => number,
  { seed, resamples, tasks }: StratifiedOptions,
): Float64Array {
  return Float64Array.from({ length: resamples }, (_, r) => {
    const random = new RandomStream(seed, Purpose.bootstrap, r);
    const drawn = scores.flatMap((own) => {
      const runs = tasks ? scores[random.nextInt(scores.length)]! : own;
      return Array.from(runs, () => runs[random.nextInt(runs.length)]!);
    });
    return statistic(Float64Array.from(drawn));
  });
}

/** Sums of the columns over some rows. @param table [n, 4] */
function sumRows(table: Float64Array, rows: Int32Array): [number, number, number, number] {
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let i = 0; i < rows.length; i++) {
    const row = 4 * rows[i]!;
    a += table[row]!;
    b += table[row + 1]!;
    c += table[row + 2]!;
    d += table[row + 3]!;
  }
  return [a, b, c, d];
}
