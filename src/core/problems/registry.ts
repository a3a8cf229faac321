import { type ProblemName, type ProblemSpec, UnknownProblem } from '../../contract/problems.js';
import { ackley } from './ackley.js';
import { autoencoder } from './autoencoder.js';
import { cifar } from './cifar.js';
import { ensemble } from './ensemble.js';
import { lasso } from './lasso.js';
import { logistic } from './logistic.js';
import { mixture } from './mixture.js';
import { mnist } from './mnist.js';
import { noisy } from './noisy.js';
import { parabola } from './parabola.js';
import { perceptron } from './perceptron.js';
import type { Mathematics, Problem } from './problem.js';
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
  perceptron,
  autoencoder,
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
  mixture,
};

/** Families added by plugins. */
const added = new Map<string, Mathematics<never>>();

/** Adds a family from outside this program; the contract has it already. */
export function addProblem(name: string, problem: Mathematics<never>): void {
  added.set(name, problem);
}

/**
 * The family that a spec names. Its methods take that spec.
 * @throws UnknownProblem if the spec was validated with a plugin that is not loaded here
 */
export function problemOf(spec: ProblemSpec): Mathematics<ProblemSpec> {
  const problem = problems[spec.name] ?? added.get(spec.name);
  if (!problem) throw new UnknownProblem(spec.name);
  return problem as Mathematics<ProblemSpec>;
}
