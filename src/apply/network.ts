import { FormatError } from '../weights/safetensors.js';
import type { NamedTensor } from '../weights/tensors.js';

/** A tensor of θ: its shape, and the name by which groups find it. */
export interface Parameter {
  readonly name?: string;
  readonly shape: readonly number[];
}

/** A parameter of a group, and what a step knows of it. All are row-major. */
export interface Slot {
  readonly shape: readonly number[];
  /** Null where there is none: then it stays as it is, and so does its state. */
  readonly gradient: Float32Array | null;
  /** θ; null where the caller gave none. */
  readonly value: Float32Array | null;
  /** Receives u, which is added to θ at a learning rate of 1. */
  readonly update: Float32Array;
}

/** A network with its weights. */
export interface Network {
  /** Learning rate of a run that names none. */
  readonly usualRate: number;
  /** Whether it sees θ. */
  readonly seesValues: boolean;
  /**
   * What it keeps between steps, all 0 at first.
   * @throws RangeError if it does not fit these parameters
   */
  state(shapes: readonly (readonly number[])[]): Float32Array[];
  /**
   * One step of all of a group's parameters.
   * @param state of {@link state}; changed in place
   * @param steps taken so far
   */
  step(slots: readonly Slot[], state: readonly Float32Array[], steps: number): void;
}

/** The tensors of one network's weights, each to be taken once. */
export class Weights {
  constructor(
    private readonly tensors: Map<string, NamedTensor>,
    /** The group's, before the names of its tensors; or empty. */
    private readonly prefix: string,
  ) {}

  /** @returns the shape that a tensor has in the file */
  shapeOf(name: string): readonly number[] | undefined {
    return this.tensors.get(this.prefix + name)?.shape;
  }

  /** A tensor in double precision, since that is what arithmetic here is in. @throws FormatError if it is not there */
  take(name: string, shape: readonly number[]): Float64Array {
    const full = this.prefix + name;
    const tensor = this.tensors.get(full);
    if (!tensor) throw new FormatError(`tensor ${full} is missing: the optimizer's spec needs it`);
    if (tensor.shape.join() !== shape.join())
      throw new FormatError(`tensor ${full} has shape [${tensor.shape}]: the optimizer's spec needs [${shape}]`);
    this.tensors.delete(full);
    return new Float64Array(tensor.data);
  }

  /** An affine map: its kernel [inputs, outputs] and its bias. */
  affine(name: string, inputs: number, outputs: number): Affine {
    const kernel = this.take(`${name}.kernel`, [inputs, outputs]);
    return { inputs, outputs, kernel, bias: this.take(`${name}.bias`, [outputs]) };
  }
}

export interface Affine {
  readonly inputs: number;
  readonly outputs: number;
  /** [inputs, outputs] */
  readonly kernel: Float64Array;
  /** [outputs] */
  readonly bias: Float64Array;
}

/** @throws FormatError if a field of a network's spec is missing, or has a value that this version does not know */
export function mustKnow<Spec extends object>(
  spec: Spec,
  needed: readonly (keyof Spec & string)[],
  known: { readonly [field: string]: readonly [found: string, values: readonly string[]] },
): void {
  const missing = needed.find((field) => spec[field] === undefined);
  if (missing !== undefined) throw new FormatError(`optimizer.${missing} is missing`);
  for (const [field, [found, values]] of Object.entries(known))
    if (!values.includes(found))
      throw new FormatError(
        `optimizer.${field} is ${JSON.stringify(found)}, and this version knows ${values.join(', ')}`,
      );
}

/**
 * out ← x · kernel + bias, of one row. Four rows of the kernel are taken at a time, so that the sums are loaded and stored a
 * quarter as often.
 * @param x [inputs]
 * @param out [outputs]
 */
export function multiply({ inputs, outputs, kernel, bias }: Affine, x: Float64Array, out: Float64Array): void {
  for (let j = 0; j < outputs; j++) out[j] = bias[j]!;
  let k = 0;
  for (; k + 4 <= inputs; k += 4) {
    const [a, b, c, d] = [x[k]!, x[k + 1]!, x[k + 2]!, x[k + 3]!];
    const row = k * outputs;
    for (let j = 0, at = row; j < outputs; j++, at++)
      out[j]! +=
        a * kernel[at]! + b * kernel[at + outputs]! + c * kernel[at + 2 * outputs]! + d * kernel[at + 3 * outputs]!;
  }
  for (; k < inputs; k++) for (let j = 0; j < outputs; j++) out[j]! += x[k]! * kernel[k * outputs + j]!;
}
