import type { JobSpec, MetatrainSpec } from '../../src/contract/spec.js';
import { parseJobSpec } from '../../src/contract/validate.js';

/** Meta-training of which a hundred meta-iterations, of 10 steps each, take about half a second. */
export function smallTraining(iterations: number, changes: Record<string, unknown> = {}): MetatrainSpec {
  const document = {
    kind: 'metatrain',
    problem: { name: 'parabola' },
    optimizer: { name: 'lstm', layers: [4] },
    training: { iterations, horizon: 20, unroll: 10, validation: { every: 50, functions: 16 } },
    comparison: null,
    ...changes,
  };
  return parseJobSpec(document) as MetatrainSpec;
}

export const smallComparison = {
  functions: 200,
  steps: 10,
  baselines: [{ name: 'sgd', learningRate: 0.1 }],
  resamples: 100,
};

/** One unroll of it takes seconds, and no message is heard meanwhile. */
export function slowTraining(): JobSpec {
  return smallTraining(1000, {
    problem: { name: 'quadratic', dimension: 100, distribution: 'normal' },
    optimizer: { name: 'lstm', layers: [20, 20] },
    training: { iterations: 1000, horizon: 100, unroll: 100, functions: 20, validation: { every: 1000, functions: 1 } },
  });
}
