import type { ProblemSpec } from '../../contract/problems.js';
import type { Problem } from './problem.js';

/**
 * Which component of a mixture function `index` is of, from 0; 0 for any other problem. Consecutive functions are spread
 * evenly over the components, by their weights: the place is the index's radical inverse in base 2 (van der Corput 1935).
 * So a few functions already have all components in their shares, and the functions i, i + 32, i + 64, … are nearly always
 * of one component.
 */
export function componentOf(problem: ProblemSpec, index: number): number {
  if (problem.name !== 'mixture') return 0;
  const { components } = problem;
  const total = components.reduce((sum, { weight }) => sum + weight, 0);
  let left = total * radicalInverse(index);
  const found = components.findIndex(({ weight }) => {
    left -= weight;
    return left < 0;
  });
  return found < 0 ? components.length - 1 : found;
}

/** The lowest 32 binary digits in reverse order, after the point: 1, 2, 3 give 1/2, 1/4, 3/4. */
function radicalInverse(index: number): number {
  let inverse = 0;
  for (let bit = 0, value = 1 / 2; bit < 32; bit++, value /= 2) if ((index / 2 ** bit) & 1) inverse += value;
  return inverse;
}

/** Functions of a mixture are its components': only these are evaluated. */
export const mixture: Problem<'mixture'> = {
  name: 'mixture',
  shapes: () => ({}),
  sample() {},
  evaluate() {
    throw new RangeError('a mixture is evaluated component by component');
  },
  hessianProduct() {
    throw new RangeError('a mixture is evaluated component by component');
  },
};
