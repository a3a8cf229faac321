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
   * @param parametersOf the tensors of another problem, for composite families
   */
  parameters(spec: Spec, parametersOf: (problem: InnerProblemSpec) => readonly Parameter[]): readonly Parameter[];
  /** The parts of a composite problem; left out where there are none. */
  parts?(spec: Spec): readonly InnerProblemSpec[];
  /** Whether it has no Hessian product: exact second derivatives are refused then. */
  readonly firstDerivativesOnly?: boolean;
  /** Changes with the bytes of a plugin's file, since results depend on them. */
  readonly fingerprint?: string;
  /** Floats of one function's sampled data; none where it is left out. */
  dataFloats?(spec: Spec): number;
  /** Every function is quadratic in θ; for a composite, if those of its parts are. */
  quadratic?: true;
  /**
   * For families that learn from mini-batches: the data set, examples per step, and the number of classes. With `labels`,
   * only these classes of the data set take part, and become 0, 1, …. With `perFunction`, each function learns from that
   * many examples of its own.
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
