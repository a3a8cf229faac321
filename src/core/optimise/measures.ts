import { type Measure, measureContracts, measures } from '../../contract/measures.js';

/** A value for each measure. */
export type Measured<T> = Record<Measure, T>;

/** Makes one for each measure. */
export function eachMeasure<T>(make: (measure: Measure) => T): Measured<T> {
  return Object.fromEntries(measures.map((measure) => [measure, make(measure)])) as Measured<T>;
}

type Losses = Float32Array | Float64Array;

/**
 * The losses of one run after the other, [steps + 1]; an array that the next run overwrites.
 * @param losses f(θ_t) [steps + 1, n]
 */
export function* runsOf<L extends Losses>(losses: L, n: number): Generator<L> {
  const run = losses.slice(0, losses.length / n) as L;
  for (let i = 0; i < n; i++) {
    for (let t = 0; t < run.length; t++) run[t] = losses[t * n + i]!;
    yield run;
  }
}

/**
 * The measures of each run.
 * @param losses f(θ_t) [steps + 1, n]
 * @returns each [n]
 */
export function measureRuns(losses: Losses, steps: number): Measured<Float64Array> {
  const n = losses.length / (steps + 1);
  const measured = eachMeasure(() => new Float64Array(n));
  let i = 0;
  for (const run of runsOf(losses, n)) {
    for (const measure of measures) measured[measure][i] = measureContracts[measure].of(run);
    i++;
  }
  return measured;
}

/**
 * The mean curve of some runs.
 * @param losses f(θ_t) [steps + 1, n]
 * @returns [steps + 1]
 */
export function meanOverRuns(losses: Float32Array, n: number): Float32Array {
  const means = new Float32Array(losses.length / n);
  for (let t = 0; t < means.length; t++) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += losses[t * n + i]!;
    means[t] = sum / n;
  }
  return means;
}
