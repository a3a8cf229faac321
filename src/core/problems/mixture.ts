import type { ProblemSpec } from '../../contract/problems.js';
import { type Purpose, RandomStream } from '../random/random.js';
import type { Problem } from './problem.js';

/** A step that no run reaches: its stream is for which component a function is of. */
const componentStep = 2 ** 24 - 3;

/**
 * Which component of a mixture function `index` of a purpose is of, from 0; 0 for any other problem. It depends on
 * nothing else, and the function is function `index` of that component.
 */
export function componentOf(problem: ProblemSpec, seed: number, purpose: Purpose, index: number): number {
  if (problem.name !== 'mixture') return 0;
  const { components } = problem;
  const total = components.reduce((sum, { weight }) => sum + weight, 0);
  let left = (total * new RandomStream(seed, purpose, index, componentStep).nextUint32()) / 2 ** 32;
  const drawn = components.findIndex(({ weight }) => {
    left -= weight;
    return left < 0;
  });
  return drawn < 0 ? components.length - 1 : drawn;
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
