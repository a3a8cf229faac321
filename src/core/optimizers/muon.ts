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
  update({ momentum, vectorRate, ...spec }, gradient, state, update, theta, tensors) {
    const { learningRate, weightDecay } = spec;
    const ofVectors = { ...spec, name: 'adamw', learningRate: learningRate * vectorRate } as const;
    if (!tensors.some(({ shape }) => shape.length > 1)) {
      adamw.update(ofVectors, gradient, state, update, theta, tensors);
      return;
    }
    for (let from = 0; from < gradient.length; )
      for (const tensor of tensors) {
        const size = tensor.shape.reduce((product, length) => product * length, 1);
        const part = (values: Float32Array) => values.subarray(from, from + size);
        const own = { vectors: state.vectors.map(part), steps: state.steps };
        const [g, u, x] = [part(gradient), part(update), part(theta)];
        from += size;
        if (tensor.shape.length < 2) {
          adamw.update(ofVectors, g, own, u, x, [tensor]);
          continue;
        }
        const m = own.vectors[0]!;
        for (let i = 0; i < size; i++) m[i] = momentum * m[i]! + (1 - momentum) * g[i]!;
        const columns = tensor.shape.at(-1)!;
        const rows = size / columns;
        const ahead = new Float64Array(size);
        for (let i = 0; i < size; i++) ahead[i] = momentum * m[i]! + (1 - momentum) * g[i]!;
        const direction = newtonSchulz(ahead, rows, columns);
        const scale = Math.sqrt(Math.max(1, columns / rows));
        for (let i = 0; i < size; i++) u[i] = -learningRate * (scale * direction[i]! + weightDecay * x[i]!);
      }
    state.steps++;
  },
};
