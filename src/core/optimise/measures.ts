import { type Measure, tailSteps } from '../../contract/comparison.js';

/** A value for each measure. */
export type Measured<T> = Record<Measure, T>;

/** Makes one for each measure. */
export function eachMeasure<T>(make: (measure: Measure) => T): Measured<T> {
  return { sum: make('sum'), final: make('final'), tail: make('tail') };
}

/**
 * The measures of each run.
 * @param losses f(θ_t) [steps + 1, n]
 * @returns each [n]
 */
export function measureRuns(losses: Float32Array | Float64Array, steps: number): Measured<Float64Array> {
  const n = losses.length / (steps + 1);
  const measured = eachMeasure(() => new Float64Array(n));
  const { sum, final, tail } = measured;
  const inTail = tailSteps(steps);
  for (let t = 0; t <= steps; t++) {
    const row = losses.subarray(t * n, (t + 1) * n);
    if (t < steps) for (let i = 0; i < n; i++) sum[i]! += row[i]!;
    if (t > steps - inTail) for (let i = 0; i < n; i++) tail[i]! += row[i]! / inTail;
  }
  final.set(losses.subarray(steps * n));
  return measured;
}

/**
 * The mean curve of some runs.
 * @param losses f(θ_t) [steps + 1, n]
 * @returns [steps + 1]
 */
export function meanOverRuns(losses: Float32Array, n: number): Float32Array {
  return Float32Array.from({ length: losses.length / n }, (_, t) => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += losses[t * n + i]!;
    return sum / n;
  });
}
