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

/** An MLP, and persistent evolution strategies over two sizes of network, with mini-batches, on the fastest engine. */
export function smallEvolution(iterations: number): MetatrainSpec {
  const perceptron = { name: 'perceptron', dataset: 'shapes-8-grey', batch: 8 };
  return smallTraining(iterations, {
    engine: { name: 'auto' },
    problem: {
      name: 'mixture',
      components: [4, 8].map((width) => ({
        problem: { name: 'rescaled', per: 'global', problem: { ...perceptron, hidden: [width] } },
      })),
    },
    optimizer: { name: 'mlp' },
    training: {
      iterations,
      functions: 4,
      unroll: 4,
      estimator: { name: 'pes', horizons: { minimum: 8, maximum: 80 } },
      validation: { every: 50, functions: 2, horizon: 8 },
    },
  });
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
