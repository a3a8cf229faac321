import type { ProblemName, ProblemSpec } from '../../contract/problems.js';
import { ensemble } from './ensemble.js';
import { mnist } from './mnist.js';
import { noisy } from './noisy.js';
import { parabola } from './parabola.js';
import type { Problem } from './problem.js';
import { quadratic } from './quadratic.js';
import { rescaled } from './rescaled.js';
import { simple } from './simple.js';

export const problems: { readonly [N in ProblemName]: Problem<N> } = {
  parabola,
  simple,
  quadratic,
  mnist,
  rescaled,
  noisy,
  ensemble,
};

/** The family that a spec names. Its methods take that spec. */
export function problemOf(spec: ProblemSpec): Problem {
  return problems[spec.name] as unknown as Problem;
}
