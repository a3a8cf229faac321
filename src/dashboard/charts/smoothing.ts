/**
 * An exponential moving average over x, without the bias of its start: weights fall by e over `length` units of x, and
 * are divided by their sum (as in Adam: Kingma and Ba 2015). It depends on distances in x, not on the number of values,
 * so that buckets of another width give the same curve.
 * @param x ascending
 * @param y values that are not finite are passed over, and stay as they are
 * @param length units of x; 0 returns the values
 */
export function smoothed(x: readonly number[], y: readonly number[], length: number): number[] {
  if (length <= 0) return [...y];
  let [sum, weight] = [0, 0];
  // The first value counts for as much of x as the second.
  let last = x[0]! - ((x[1] ?? x[0]! + 1) - x[0]!);
  return y.map((value, i) => {
    if (!Number.isFinite(value)) return value;
    const kept = Math.exp(-(x[i]! - last) / length);
    sum = kept * sum + (1 - kept) * value;
    weight = kept * weight + (1 - kept);
    last = x[i]!;
    return sum / weight;
  });
}

/** Lengths to choose from for `iterations` meta-iterations: 0 for none, then powers of ten. */
export function smoothingLengths(iterations: number): number[] {
  const lengths = [0];
  for (let length = 10; length <= iterations / 2; length *= 10) lengths.push(length);
  return lengths;
}
