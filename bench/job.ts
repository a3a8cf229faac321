import type { MetatrainSpec } from '../src/contract/spec.js';
import { parseJobSpec } from '../src/contract/validate.js';
import { evolution, type PesStep, type Unroll, type Workload } from './workloads.js';

/**
 * The job. Its sizes are set after validation: the limits on their product protect a service's memory, and the runner of
 * these processes has its own limit.
 */
export function jobOf(workload: Workload, learningRate: number, engine: object): MetatrainSpec {
  if (workload.kind === 'unroll') return unrollJob(workload, learningRate, engine);
  // A step on a tensor takes its optimizer from the same recipe.
  return pesJob(workload.kind === 'pes' ? workload : evolution, engine);
}

/** The recipe of Celo2-base (arXiv 2602.19142), without its random scaling. */
function pesJob({ problem, functions, steps }: PesStep, engine: object): MetatrainSpec {
  return parseJobSpec({
    kind: 'metatrain',
    engine,
    problem,
    optimizer: { name: 'mlp' },
    training: {
      estimator: { name: 'pes', sigma: 0.01, horizons: { minimum: 100, maximum: 2000 } },
      iterations: 1_000_000,
      unroll: steps,
      functions,
      learningRate: 1e-4,
      validation: { every: 1_000_000, functions: 1 },
    },
    comparison: null,
  }) as MetatrainSpec;
}

function unrollJob(workload: Unroll, learningRate: number, engine: object): MetatrainSpec {
  const { problem, optimizer, functions, coordinates, steps } = workload;
  const sized = 'dimension' in problem;
  const spec = parseJobSpec({
    kind: 'metatrain',
    engine,
    problem: sized ? { ...problem, dimension: 1 } : problem,
    optimizer: { name: 'lstm', ...optimizer },
    training: {
      iterations: 100_000_000,
      horizon: 2,
      unroll: 2,
      functions,
      learningRate,
      validation: { every: 1_000_000, functions: 1 },
    },
    comparison: null,
  }) as MetatrainSpec;
  return {
    ...spec,
    problem: sized ? ({ ...spec.problem, dimension: coordinates } as MetatrainSpec['problem']) : spec.problem,
    training: { ...spec.training, horizon: steps, unroll: steps },
  };
}
