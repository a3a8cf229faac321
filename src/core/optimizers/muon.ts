import { adamw } from './adamw.js';
import { newtonSchulz } from './newton-schulz.js';
import { type UpdateRule, zeroState } from './rule.js';

/**
 * Muon (Jordan et al. 2024, kellerjordan.github.io/posts/muon; its constants are those of github.com/KellerJordan/Muon): with
 * a matrix of `in` rows and `out` columns,
 *
 *     m ← μ m + (1 - μ) g,  U = μ m + (1 - μ) g      θ ← θ - α (√max(1, out/in) NS(U) + λ θ)
 *
 * A kernel [k, k, in, out] is a matrix [k · k · in, out]; all axes but the last are rows. Vectors and scalars take AdamW's
 * step, with a fraction of α. The Newton-Schulz iterations are in double, where the published code has bfloat16.
 */
export const muon: UpdateRule<'muon'> = {
  name: 'muon',
  title: 'Muon',
  usualRate: 0.02,
  init: (n) => zeroState(n, 2),
  update({ momentum, vectorRate, ...spec }, gradient, state, update, theta, tensors, orthogonalise = newtonSchulz) {
    const { learningRate, weightDecay } = spec;
    const ofVectors = { ...spec, name: 'adamw', learningRate: learningRate * vectorRate } as const;
    if (!tensors.some(({ shape }) => shape.length > 1)) {
      adamw.update(ofVectors, gradient, state, update, theta, tensors);
      return;
    }
    const sizes = tensors.map(({ shape }) => shape.reduce((product, length) => product * length, 1));
    const dimension = sizes.reduce((sum, size) => sum + size, 0);
    let from = 0;
    for (const [i, tensor] of tensors.entries()) {
      const size = sizes[i]!;
      const parts = Array.from({ length: gradient.length / dimension }, (_, b) => (values: Float32Array) => {
        const first = b * dimension + from;
        return values.subarray(first, first + size);
      });
      if (tensor.shape.length < 2) {
        for (const part of parts) {
          const own = { vectors: state.vectors.map(part), steps: state.steps };
          adamw.update(ofVectors, part(gradient), own, part(update), part(theta), [tensor]);
        }
      } else {
        const columns = tensor.shape.at(-1)!;
        const rows = size / columns;
        const ahead = new Float64Array(parts.length * size);
        for (const [b, part] of parts.entries()) {
          const [g, m] = [part(gradient), part(state.vectors[0]!)];
          for (let i = 0; i < size; i++) {
            m[i] = momentum * m[i]! + (1 - momentum) * g[i]!;
            ahead[b * size + i] = momentum * m[i]! + (1 - momentum) * g[i]!;
          }
        }
        orthogonalise(ahead, rows, columns);
        const scale = Math.sqrt(Math.max(1, columns / rows));
        for (const [b, part] of parts.entries()) {
          const [u, x] = [part(update), part(theta)];
          for (let i = 0; i < size; i++) u[i] = -learningRate * (scale * ahead[b * size + i]! + weightDecay * x[i]!);
        }
      }
      from += size;
    }
    state.steps++;
  },
};
