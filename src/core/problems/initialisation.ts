import type { Initialisation } from '../../contract/problems/perceptron.js';
import type { RandomStream } from '../random/random.js';

/** Standard deviation of N(0, 1) cut at ±2: √(1 - 4 φ(2)/(2Φ(2) - 1)), φ and Φ its density and distribution. */
const cutDeviation = 0.8796256610342398;

/**
 * Draws the weights of affine maps, and their biases, which follow each map's weights in θ.
 * @param layers the maps, in θ's order
 */
export function fillWeights(
  start: Float32Array,
  layers: readonly { inputs: number; outputs: number }[],
  initialisation: Initialisation,
  random: RandomStream,
): void {
  if (initialisation === 'normal') {
    random.fillNormal(start, 0, 0.01);
    return;
  }
  let offset = 0;
  for (const { inputs, outputs } of layers) {
    const end = offset + inputs * outputs;
    const deviation = Math.sqrt(variance(initialisation, inputs, outputs)) / cutDeviation;
    fillCutNormal(start.subarray(offset, end), deviation, random);
    start.fill(0, end, end + outputs);
    offset = end + outputs;
  }
}

function variance(initialisation: Exclude<Initialisation, 'normal'>, inputs: number, outputs: number): number {
  switch (initialisation) {
    case 'he':
      return 2 / inputs;
    case 'glorot':
      return 2 / (inputs + outputs);
    case 'lecun':
      return 1 / inputs;
  }
}

/** N(0, deviation²) cut at two standard deviations: what lies beyond is drawn again. */
function fillCutNormal(out: Float32Array, deviation: number, random: RandomStream): void {
  random.fillNormal(out, 0, deviation);
  const one = new Float32Array(1);
  for (let i = 0; i < out.length; i++)
    while (Math.abs(out[i]!) > 2 * deviation) {
      random.fillNormal(one, 0, deviation);
      out[i] = one[0]!;
    }
}
