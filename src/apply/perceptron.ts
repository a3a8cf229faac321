import type { Affine } from './network.js';

/** Coordinates that go through the perceptron together: their inputs stay in the processor's cache. */
export const chunk = 256;

/** Layers with ReLUs between them, over a chunk of coordinates at a time. */
export class Perceptron {
  private readonly outputs: readonly Float64Array[];

  constructor(private readonly layers: readonly Affine[]) {
    this.outputs = layers.map(({ outputs }) => new Float64Array(outputs * chunk));
  }

  /**
   * @param x [inputs, chunk]; the first layer's further inputs are 0
   * @returns [outputs, chunk], which the next call overwrites
   */
  run(x: Float64Array, inputs: number, count: number): Float64Array {
    let [from, used] = [x, inputs];
    for (const [l, { outputs, kernel, bias }] of this.layers.entries()) {
      const out = this.outputs[l]!;
      for (let u = 0; u < outputs; u++) {
        const own = u * chunk;
        out.fill(bias[u]!, own, own + count);
        let k = 0;
        // Four at a time: the sums are loaded and stored a quarter as often.
        for (; k + 4 <= used; k += 4) {
          const w = k * outputs + u;
          const [a, b, c, d] = [kernel[w]!, kernel[w + outputs]!, kernel[w + 2 * outputs]!, kernel[w + 3 * outputs]!];
          for (let i = 0, at = k * chunk; i < count; i++, at++)
            out[own + i]! +=
              a * from[at]! + b * from[at + chunk]! + c * from[at + 2 * chunk]! + d * from[at + 3 * chunk]!;
        }
        for (; k < used; k++) {
          const weight = kernel[k * outputs + u]!;
          for (let i = 0; i < count; i++) out[own + i]! += weight * from[k * chunk + i]!;
        }
        if (l < this.layers.length - 1) for (let i = 0; i < count; i++) out[own + i] = Math.max(out[own + i]!, 0);
      }
      [from, used] = [out, outputs];
    }
    return from;
  }
}
