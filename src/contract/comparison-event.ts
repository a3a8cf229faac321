import { curveSteps } from './comparison.js';
import type { RunEventOf } from './events.js';
import { artifactNames } from './job.js';
import { fitsInBytes } from './json-pieces.js';
import type { ComparisonResults } from './results.js';

/** Maximum bytes of an event as JSON, with its envelope. Receivers of messages often allow 1 MB. */
export const maxEventBytes = 512_000;
const envelopeBytes = 1_000;
/** Maximum points of a thinned curve. */
const maxPoints = 1_000;

/** The event of a comparison: the whole results where they fit, else thinned. */
export function comparisonEvent(results: ComparisonResults): RunEventOf<'comparison'> {
  const fits = (some: ComparisonResults) => fitsInBytes(some, maxEventBytes - envelopeBytes);
  if (fits(results)) return { type: 'comparison', results };
  let points = maxPoints;
  let less = thinned(results, points);
  while (!fits(less) && points > 2) {
    points = Math.floor(points / 2);
    less = thinned(results, points);
  }
  return { type: 'comparison', results: less, artifact: artifactNames.results };
}

/** Curves of at most `points` points, including the first and the last, and empty grids. */
function thinned(results: ComparisonResults, points: number): ComparisonResults {
  const { steps, optimizers } = results;
  // Curves may have fewer values than steps already.
  const before = optimizers[0]?.curve.steps ?? curveSteps(steps);
  const kept = curveSteps(before.length - 1, points);
  const at = <T>(values: readonly T[]) => kept.map((place) => values[place]!);
  const left = at(before);
  return {
    ...results,
    optimizers: optimizers.map(({ curve, tuning, ...rest }) => ({
      ...rest,
      tuning: tuning && { ...tuning, grid: [] },
      curve: {
        ...(left.length <= steps && { steps: left }),
        mean: at(curve.mean),
        quantiles: curve.quantiles.map(({ probability, values }) => ({ probability, values: at(values) })),
      },
    })),
  };
}
