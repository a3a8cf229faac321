import type { Static, TSchema } from 'typebox';
import { AckleySpec, ackley } from './problems/ackley.js';
import { CifarSpec, cifar } from './problems/cifar.js';
import { EnsembleSpec, ensemble } from './problems/ensemble.js';
import type { FamilyContract, Parameter } from './problems/family.js';
import { LassoSpec, lasso } from './problems/lasso.js';
import { LogisticSpec, logistic } from './problems/logistic.js';
import { MnistSpec, mnist } from './problems/mnist.js';
import { NoisySpec, noisy } from './problems/noisy.js';
import { ParabolaSpec, parabola } from './problems/parabola.js';
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
 * The families of optimizees: a file of `problems/` has the schema and the sizes of each, and a file of the same name in
 * `src/core/problems/` its mathematics.
 */
export const ProblemSpec = OneOf(
  'name',
  [
    ParabolaSpec,
    SimpleSpec,
    SimpleMultiSpec,
    QuadraticSpec,
    MnistSpec,
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
  ],
  { description: 'The optimizee: the family of functions that the optimizer is trained on or compared on.' },
);
export type ProblemSpec = Static<typeof ProblemSpec>;

/** A problem that weights were trained on: a plugin may have added it elsewhere, so that only its name is known here. */
export const TrainingProblem = Type.Unsafe<ProblemSpec>({
  anyOf: [{ $ref: problemReference }, Type.Object({ name: Type.String() })],
  description: 'What it was trained on; nothing but a name where this service does not know the problem.',
});
export type ProblemName = ProblemSpec['name'];
export type ProblemOf<N extends ProblemName> = Extract<ProblemSpec, { name: N }>;

const families: { readonly [N in ProblemName]: FamilyContract<ProblemOf<N>> } = {
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

/** Families from plugins. */
const added = new Map<string, FamilyContract<never>>();

/**
 * Adds a family from outside this program, under the name that its schema has as a constant. Types do not know it:
 * whoever handles a spec of it does so through its family. It has to come before the first document is validated.
 * @throws RangeError where the name is taken
 */
export function addFamily(name: string, schema: TSchema, family: FamilyContract<never>): void {
  if (name in families || added.has(name)) throw new RangeError(`the name "${name}" is taken`);
  added.set(name, family);
  (ProblemSpec as unknown as { oneOf: TSchema[] }).oneOf.push(schema);
}

/**
 * Names and sizes of the family that a spec names. Its methods take that spec.
 * @throws UnknownProblem of a spec that was validated where there was a plugin that is not here
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

/** A problem, its parts, their parts, and so on. */
export function problemsIn(problem: ProblemSpec): ProblemSpec[] {
  return [problem, ...partsOf(problem).flatMap(problemsIn)];
}

/** Whether every function is quadratic in θ: conjugate gradients need that. */
export function isQuadratic(problem: ProblemSpec): boolean {
  return problemsIn(problem).every((part) => familyOf(part).quadratic);
}

/** Checking a document asks for them again and again, and an ensemble has thousands. Specs do not change. */
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
