import type { JobSpec, MetatrainSpec } from '../../src/contract/spec.js';
import { parseJobSpec } from '../../src/contract/validate.js';

/** Meta-training in which a hundred meta-iterations, of 4 steps each, take about a fifth of a second. */
export function smallTraining(iterations: number, changes: Record<string, unknown> = {}): MetatrainSpec {
  const document = {
    kind: 'metatrain',
    // Slow enough to be interrupted.
    engine: { name: 'tfjs', backend: 'wasm' },
    problem: { name: 'parabola' },
    optimizer: { name: 'lstm', layers: [4] },
    training: { iterations, horizon: 8, unroll: 4, validation: { every: 50, functions: 16 } },
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

/** Its first pull, a validation, takes about a second for 30 functions, without receiving messages. */
export function slowTraining(functions: number): JobSpec {
  return smallTraining(1000, {
    problem: { name: 'quadratic', dimension: 100, distribution: 'normal' },
    optimizer: { name: 'lstm', layers: [20, 20] },
    training: { iterations: 1, horizon: 100, unroll: 2, validation: { every: 1, functions } },
  });
}
