import type { FieldError } from '../errors.js';
import type { PlacedParameter } from '../parameters.js';

/** How a tensor of weights begins. Draws are for kernels, [fan-in, fan-out]. */
export type Filling =
  | {
      /** 0; U(±1/√fan-in); U(±√(6/(fan-in + fan-out))); N(0, 1/fan-in) cut at two standard deviations. */
      readonly name: 'zeros' | 'fan-in-uniform' | 'glorot-uniform' | 'truncated-normal';
    }
  /** `value` in the entries from `from` to before `to`, 0 elsewhere. */
  | { readonly name: 'range'; readonly value: number; readonly from: number; readonly to: number };

/** A tensor of φ. */
export interface WeightTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly begins: Filling;
}

/**
 * Numbers that a network keeps between steps: `rows` for each of `items` per function. In `EpisodeState.hidden` it is
 * [rows, B, items]. An item is a block of coordinates, a coordinate, or a row or column of a matrix.
 */
export interface StateArray {
  readonly name: string;
  readonly rows: number;
  readonly items: number;
  /** Whether the values are in (-1, 1), as what comes out of a tanh: health watches their saturation. */
  readonly bounded?: true;
}

/**
 * What the program needs to know about a kind of network besides its schema. Tensors are those of θ that a group has, in
 * θ's order; a width is the number of coordinates that one application of the network sees.
 */
export interface NetworkContract<Spec> {
  /** For labels. */
  readonly title: string;
  /** Learning rate of a run that names none. */
  readonly usualRate: number;
  /** Whether back-propagation can pass through it. */
  readonly backward: boolean;
  /** The field that has the sizes of its layers. */
  readonly sizedBy: string;
  /** The field that multiplies its updates, if one does. */
  readonly scaledBy?: string;
  /** In a few words, with its sizes. */
  describe(spec: Spec): string;
  /** Block width w; 1 if absent. */
  widthOf?(spec: Spec, tensors: readonly PlacedParameter[]): number;
  /** The width of trained weights of which only the tensors' shapes are known; 1 if absent or not found. */
  widthFrom?(spec: Spec, shapeOf: (tensor: string) => readonly number[] | undefined): number | undefined;
  /** Whether a block is within one tensor: its coordinates are the tensor's, taken at equal distances. */
  splitsTensors?(spec: Spec): boolean;
  /** The tensors of φ in its order, from which its size, files and initial values follow. */
  weights(spec: Spec, width: number): WeightTensor[];
  /** What it keeps between steps, in the order of `EpisodeState.hidden`; 0 at first. */
  state(spec: Spec, tensors: readonly PlacedParameter[]): StateArray[];
  /** Floats that a step computes per block, all of which the tfjs engine keeps for a backward pass. */
  computedFloats(spec: Spec, width: number): number;
  /** Why it does not fit these tensors. */
  check?(spec: Spec, tensors: readonly PlacedParameter[], pointer: string): FieldError[];
  /** Why weights trained on blocks of another width do not fit. */
  checkWidth?(spec: Spec, trained: number, width: number, pointer: string): FieldError[];
  /** Why it could not learn. */
  checkLearnable?(spec: Spec, pointer: string): FieldError[];
  /** Why the native engine has no kernels for it: a sentence that says what to do; null if it has. */
  withoutKernels(spec: Spec): string | null;
  /** Whether examples/apply.py runs it. */
  inExample(spec: Spec): boolean;
}
