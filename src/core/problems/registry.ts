import type { ProblemName, ProblemSpec } from '../../contract/problems.js';
import { ackley } from './ackley.js';
import { cifar } from './cifar.js';
import { ensemble } from './ensemble.js';
import { lasso } from './lasso.js';
import { logistic } from './logistic.js';
import { mnist } from './mnist.js';
import { noisy } from './noisy.js';
import { parabola } from './parabola.js';
import type { Problem } from './problem.js';
import { quadratic } from './quadratic.js';
import { rastrigin } from './rastrigin.js';
import { rescaled } from './rescaled.js';
import { rosenbrock } from './rosenbrock.js';
import { shapes } from './shapes.js';
import { simple } from './simple.js';
import { simpleMulti } from './simple-multi.js';

export const problems: { readonly [N in ProblemName]: Problem<N> } = {
  parabola,
  simple,
  'simple-multi': simpleMulti,
  quadratic,
  mnist,
  cifar,
  shapes,
  logistic,
  rosenbrock,
  rastrigin,
  ackley,
  lasso,
  rescaled,
  noisy,
  ensemble,
};

/** The family that a spec names. Its methods take that spec. */
export function problemOf(spec: ProblemSpec): Problem {
  return problems[spec.name] as unknown as Problem;
}
