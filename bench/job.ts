import type { MetatrainSpec } from '../src/contract/spec.js';
import { parseJobSpec } from '../src/contract/validate.js';
import type { Workload } from './workloads.js';

/**
 * The job. Its sizes are set after validation: the limits on their product protect a service's memory, and the runner of
 * these processes has its own limit.
 */
export function jobOf(workload: Workload, learningRate: number, engine: string): MetatrainSpec {
  const { problem, optimizer, functions, coordinates, steps } = workload;
  const sized = 'dimension' in problem;
  const spec = parseJobSpec({
    kind: 'metatrain',
    engine: { name: engine },
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
