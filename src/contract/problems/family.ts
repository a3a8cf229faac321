/** A named tensor of θ. */
export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
}

/** The name of a data set of `contract/image-sets.ts`; `src/data/` reads them. */
export type DatasetName = string;

/** A problem within another, validated like any problem. `problems.ts`, which knows all families, has the full type. */
export interface InnerProblemSpec {
  readonly name: string;
  readonly [field: string]: unknown;
}

/** What the program needs to know about a family of optimizees besides its schema: names and sizes. */
export interface FamilyContract<Spec> {
  /**
   * θ is the concatenation of these, each in row-major order.
   * @param parametersOf the tensors of another problem, for composite families
   */
  parameters(spec: Spec, parametersOf: (problem: InnerProblemSpec) => readonly Parameter[]): readonly Parameter[];
  /** The parts of a composite problem; absent for others. */
  parts?(spec: Spec): readonly InnerProblemSpec[];
  /** Whether it lacks a Hessian-vector product, so that exact second derivatives are refused. */
  readonly firstDerivativesOnly?: boolean;
  /** Changes with the bytes of a plugin's file, since results depend on them. */
  readonly fingerprint?: string;
  /** Floats of one function's sampled data; none if absent. */
  dataFloats?(spec: Spec): number;
  /** Whether every function is quadratic in θ; for a composite, if its parts' functions are. */
  quadratic?: true;
  /**
   * For families that learn from mini-batches: the data set, examples per step, and the number of classes. With
   * `labels`, only these classes of the data set are used, renumbered 0, 1, …. With `perFunction`, each function learns
   * from that many examples of its own.
   */
  miniBatch?(spec: Spec): {
    dataset: DatasetName;
    size: number;
    classes: number;
    labels?: readonly number[];
    perFunction?: number;
  };
  /** Floats of a mini-batch in a network: per unit its value and derivative, in the forward and in the backward pass. */
  miniBatchFloats?(spec: Spec): number;
}
