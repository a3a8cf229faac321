import { countWeights, preprocessedWidth } from '../../contract/limits.js';
import type { LstmSpec } from '../../contract/optimizers.js';
import type { NamedTensor } from './tensors.js';

/** Name and shape of one tensor of φ. */
export interface WeightShape {
  readonly name: string;
  readonly shape: readonly number[];
}

/**
 * The tensors of a learned optimizer's weights φ, in the order in which a flat φ concatenates them.
 * docs/weights-format.md says what each one means.
 */
export function weightShapes(spec: LstmSpec): WeightShape[] {
  const shapes: WeightShape[] = [];
  const affine = (name: string, inputs: number, outputs: number) =>
    shapes.push({ name: `${name}.kernel`, shape: [inputs, outputs] }, { name: `${name}.bias`, shape: [outputs] });
  let width = preprocessedWidth(spec);
  if (spec.inputProjection !== null) {
    affine('input', width, spec.inputProjection);
    width = spec.inputProjection;
  }
  for (const [layer, units] of spec.layers.entries()) {
    affine(`lstm.${layer}`, width + units, 4 * units);
    width = units;
  }
  affine('output', width, 1);
  return shapes;
}

/** Floats in a tensor of this shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** The flat φ: the tensors' values one after the other, copied. */
export function flattenWeights(tensors: readonly NamedTensor[]): Float32Array {
  const flat = new Float32Array(tensors.reduce((sum, t) => sum + t.data.length, 0));
  let offset = 0;
  for (const { data } of tensors) {
    flat.set(data, offset);
    offset += data.length;
  }
  return flat;
}

/**
 * The tensors of a flat φ, as views into it.
 * @throws RangeError where φ is not as long as the spec's weights.
 */
export function splitWeights(spec: LstmSpec, flat: Float32Array): NamedTensor[] {
  if (flat.length !== countWeights(spec))
    throw new RangeError(`φ has ${flat.length} floats; this optimizer's weights are ${countWeights(spec)}`);
  let offset = 0;
  return weightShapes(spec).map(({ name, shape }) => {
    const data = flat.subarray(offset, offset + sizeOf(shape));
    offset += data.length;
    return { name, shape, data };
  });
}
