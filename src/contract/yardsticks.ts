import type { YardstickSpec } from './optimizers.js';
import { isQuadratic, type ProblemSpec } from './problems.js';

interface YardstickContract {
  /** Why it does not suit a problem. */
  refuses(problem: ProblemSpec): string | null;
}

const yardsticks: { readonly [N in YardstickSpec['name']]: YardstickContract } = {
  'conjugate-gradients': {
    refuses: (problem) =>
      isQuadratic(problem)
        ? null
        : `conjugate gradients need a quadratic problem, and "${problem.name}" is not quadratic`,
  },
};

export function yardstickContract({ name }: YardstickSpec): YardstickContract {
  return yardsticks[name];
}
