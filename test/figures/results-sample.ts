import type { ComparisonResults, OptimizerResult } from '../../src/contract/results.js';
import { toWire, type WireNumber } from '../../src/contract/schema.js';

/** Results with given mean curves, the learned optimizer's first; everything else is derived from them. */
export function sampleResults(curves: number[][], labels: string[] = []): ComparisonResults {
  const steps = curves[0]!.length - 1;
  return {
    problem: { name: 'parabola', dimension: 10 },
    seed: 1,
    steps,
    functions: 20_000,
    resamples: 1000,
    optimizers: curves.map((curve, i) => sampleOptimizer(curve, i, labels[i])),
  };
}

function sampleOptimizer(curve: number[], index: number, label?: string): OptimizerResult {
  const sum = curve.slice(0, -1).reduce((a, b) => a + b, 0);
  const final = curve.at(-1)!;
  const estimate = (value: number) => ({ value: toWire(value), low: toWire(0.9 * value), high: toWire(1.1 * value) });
  const scaled = (factor: number): WireNumber[] => curve.map((loss) => toWire(factor * loss));
  const learningRate = 0.1 * index;
  return {
    label: label ?? (index === 0 ? 'LSTM' : `SGD ${learningRate}`),
    rule: index === 0 ? null : { name: 'sgd', learningRate },
    tuning: null,
    sum: estimate(sum),
    sumDeviation: toWire(sum / 3),
    sumMedian: toWire(sum),
    final: estimate(final),
    finalMedian: toWire(final),
    log10MeanFinal: estimate(Math.log10(final)),
    tail: estimate(final),
    tailMedian: toWire(final),
    curve: {
      mean: scaled(1),
      quantiles: [
        { probability: 0.25, values: scaled(0.5) },
        { probability: 0.75, values: scaled(2) },
      ],
    },
    versus:
      index === 0
        ? null
        : {
            winRate: 0.951,
            sumDifference: estimate(-1),
            finalWinRate: 0.852,
            finalDifference: estimate(-2),
            tailWinRate: 0.753,
            tailDifference: { value: -3, low: -6.5, high: 0.5 },
            stepsSaved: { mean: 2, median: null },
          },
  };
}
