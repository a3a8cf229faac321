import type { Static, TSchema } from 'typebox';
import { AckleySpec, ackley } from './problems/ackley.js';
import { AutoencoderSpec, autoencoder } from './problems/autoencoder.js';
import { CifarSpec, cifar } from './problems/cifar.js';
import { EnsembleSpec, ensemble } from './problems/ensemble.js';
import type { FamilyContract, Parameter } from './problems/family.js';
import { LassoSpec, lasso } from './problems/lasso.js';
import { LogisticSpec, logistic } from './problems/logistic.js';
import { MixtureSpec, mixture } from './problems/mixture.js';
import { MnistSpec, mnist } from './problems/mnist.js';
import { NoisySpec, noisy } from './problems/noisy.js';
import { ParabolaSpec, parabola } from './problems/parabola.js';
import { PerceptronSpec, perceptron } from './problems/perceptron.js';
import { QuadraticSpec, quadratic } from './problems/quadratic.js';
import { RastriginSpec, rastrigin } from './problems/rastrigin.js';
import { RescaledSpec, rescaled } from './problems/rescaled.js';
import { RosenbrockSpec, rosenbrock } from './problems/rosenbrock.js';
import { ShapesSpec, shapes } from './problems/shapes.js';
import { SimpleSpec, simple } from './problems/simple.js';
import { SimpleMultiSpec, simpleMulti } from './problems/simple-multi.js';
import { OneOf, problemReference } from './schema.js';
import { Type } from './type.js';

/**
 * The families of optimizees. For each, a file in `problems/` has the schema and the sizes, and a file of the same name
 * in `src/core/problems/` the mathematics.
 */
export const ProblemSpec = OneOf(
  'name',
  [
    ParabolaSpec,
    SimpleSpec,
    SimpleMultiSpec,
    QuadraticSpec,
    MnistSpec,
    PerceptronSpec,
    AutoencoderSpec,
    CifarSpec,
    ShapesSpec,
    LogisticSpec,
    RosenbrockSpec,
    RastriginSpec,
    AckleySpec,
    LassoSpec,
    RescaledSpec,
    NoisySpec,
    EnsembleSpec,
    MixtureSpec,
  ],
  { description: 'The optimizee: the family of functions that the optimizer is trained on or compared on.' },
);
export type ProblemSpec = Static<typeof ProblemSpec>;

/** A problem that weights were trained on. Only its name is known if a plugin of another machine added it. */
export const TrainingProblem = Type.Unsafe<ProblemSpec>({
  anyOf: [{ $ref: problemReference }, Type.Object({ name: Type.String() })],
  description: 'What the optimizer was trained on; only a name where this service does not know the problem.',
});
export type ProblemName = ProblemSpec['name'];
export type ProblemOf<N extends ProblemName> = Extract<ProblemSpec, { name: N }>;

const families: { readonly [N in ProblemName]: FamilyContract<ProblemOf<N>> } = {
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

/** Families from plugins. */
const added = new Map<string, FamilyContract<never>>();

/**
 * Adds a plugin's family, under the constant `name` of its schema. The types do not include it: code handles its specs
 * through the family. Must be called before the first document is validated.
 * @throws RangeError where the name is taken
 */
export function addFamily(name: string, schema: TSchema, family: FamilyContract<never>): void {
  if (name in families || added.has(name)) throw new RangeError(`the name "${name}" is taken`);
  added.set(name, family);
  (ProblemSpec as unknown as { oneOf: TSchema[] }).oneOf.push(schema);
}

/**
 * The family that a spec names. Its methods take that spec.
 * @throws UnknownProblem for a spec that was validated with a plugin that is not loaded here
 */
export function familyOf(problem: ProblemSpec): FamilyContract<ProblemSpec> {
  const family = families[problem.name] ?? added.get(problem.name);
  if (!family) throw new UnknownProblem(problem.name);
  return family as FamilyContract<ProblemSpec>;
}

export class UnknownProblem extends Error {
  override readonly name = 'UnknownProblem';
  readonly code = 'unsupported';

  constructor(name: string) {
    super(`problem.name: "${name}" is not known here: start this worker with the --plugin that adds it.`);
  }
}

/** The parts of a composite problem. */
export function partsOf(problem: ProblemSpec): readonly ProblemSpec[] {
  return (familyOf(problem).parts?.(problem) ?? []) as readonly ProblemSpec[];
}

/** A problem and, recursively, its parts. */
export function problemsIn(problem: ProblemSpec): ProblemSpec[] {
  return [problem, ...partsOf(problem).flatMap(problemsIn)];
}

/** Whether every function is quadratic in θ: conjugate gradients need that. */
export function isQuadratic(problem: ProblemSpec): boolean {
  return problemsIn(problem).every((part) => familyOf(part).quadratic);
}

/** Cached: checking a document needs them often, and an ensemble has thousands. Specs do not change. */
const knownParameters = new WeakMap<ProblemSpec, readonly Parameter[]>();

/** The tensors whose concatenation is θ. */
export function parametersOf(problem: ProblemSpec): readonly Parameter[] {
  let parameters = knownParameters.get(problem);
  if (parameters === undefined) {
    parameters = familyOf(problem).parameters(problem, (inner) => parametersOf(inner as ProblemSpec));
    knownParameters.set(problem, parameters);
  }
  return parameters;
}

/** Coordinates of one function of the family. */
export function coordinates(problem: ProblemSpec): number {
  return parametersOf(problem).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
}
