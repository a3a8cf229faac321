import type { LossBuckets } from '../../../contract/loss-buckets.js';
import type { Curve } from '../../charts/curve.js';
import { widened } from '../../service/loss-curve.js';

/**
 * The mean of several seeds' losses, and the band between the least and the greatest of them, per bucket: over the buckets
 * that all of them have, since a mean over fewer would jump where one ends.
 */
export function overSeeds(seeds: readonly LossBuckets[], name: Pick<Curve, 'id' | 'label' | 'stroke'>): Curve {
  const width = Math.max(...seeds.map((seed) => seed.width));
  const wide = seeds.map((seed) => widened(seed, width).byNumber);
  const [first, ...others] = wide;
  const numbers = [...first!.keys()]
    .filter((number) => others.every((other) => other.has(number)))
    .sort((a, b) => a - b);
  const all = numbers.map((number) => wide.map((seed) => seed.get(number)!));
  const means = all.map((buckets) => buckets.map(({ sum, finite }) => sum / finite).filter(Number.isFinite));
  const none = (values: readonly number[], value: number) => (values.length > 0 ? value : Number.NaN);
  return {
    ...name,
    width,
    x: numbers.map((number) => number * width + (width - 1) / 2),
    mean: means.map((values) => values.reduce((a, b) => a + b, 0) / values.length),
    low: means.map((values) => none(values, Math.min(...values))),
    high: means.map((values) => none(values, Math.max(...values))),
    last: all.map((buckets) => buckets.reduce((sum, { last }) => sum + last, 0) / buckets.length),
    count: all.map((buckets) => buckets.reduce((sum, { count }) => sum + count, 0)),
    finite: all.map((buckets) => buckets.reduce((sum, { finite }) => sum + finite, 0)),
    marked: false,
    overSeeds: true,
    best: -1,
  };
}
