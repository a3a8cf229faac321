/** A named tensor of θ. */
export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
}

/** Data sets that problems learn from; `src/data/` reads them. */
export type DatasetName = 'digits' | 'cifar' | `shapes-${8 | 16 | 32}`;

/** A problem within another: validated as any problem is. `problems.ts`, which knows all families, gives it its full type. */
export interface InnerProblemSpec {
  readonly name: string;
  readonly [field: string]: unknown;
}

/** What the rest of the program must know of a family of optimizees besides its schema: names and sizes. */
export interface FamilyContract<Spec> {
  /**
   * θ is the concatenation of these, each in row-major order.
   * @param parametersOf those of another problem, for a family that is made of others
   */
  parameters(spec: Spec, parametersOf: (problem: InnerProblemSpec) => Parameter[]): Parameter[];
  /** The problems that a family is made of; none where it is left out. */
  parts?(spec: Spec): readonly InnerProblemSpec[];
  /** Whether it has no Hessian product: exact second derivatives are refused then. */
  readonly firstDerivativesOnly?: boolean;
  /** Of a family from a file of its own: changes with its bytes, on which results depend. */
  readonly fingerprint?: string;
  /** Floats of one function's sampled data; none where it is left out. */
  dataFloats?(spec: Spec): number;
  /** Every function is quadratic in θ, of a family that is made of others where theirs are. */
  quadratic?: true;
  /**
   * Of a family that learns from examples, others at every step: where they come from, how many a step, and the number of
   * classes. With `labels`, these classes of the data set alone take part, and become 0, 1, …. With `perFunction`, each
   * function learns from so many of them, of its own.
   */
  miniBatch?(spec: Spec): {
    dataset: DatasetName;
    size: number;
    classes: number;
    labels?: readonly number[];
    perFunction?: number;
  };
  /** Floats of a mini-batch on its way through a network: of each unit value and derivative, and both on the way back. */
  miniBatchFloats?(spec: Spec): number;
}
