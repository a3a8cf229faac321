import type { RuleState } from './rule.js';

/** The meta-optimizer: Adam with its usual constants, after clipping. */
export const metaAdam = { name: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;

export interface DescentOptions {
  readonly learningRate: number;
  /** Norm to which a longer meta-gradient is scaled; null for none. */
  readonly clipNorm: number | null;
}

export interface Descended {
  /** Euclidean norm of the meta-gradient before clipping. If it is not finite, no step was taken. */
  norm: number;
  /** Whether φ and Adam's means are still finite: a weight whose mean of squares is infinite would never move again. */
  finite: boolean;
}

/**
 * Clips the meta-gradient to a global norm (Pascanu et al. 2013, arXiv 1211.5063) and takes a step of Adam on φ.
 * @param gradient dL/dφ like φ; overwritten
 * @param state Adam's, changed in place
 */
export type Descend = (
  phi: Float32Array,
  gradient: Float32Array,
  state: RuleState,
  options: DescentOptions,
) => Descended;

export const descend: Descend = (phi, gradient, state, { learningRate, clipNorm }) => {
  const norm = normOf(gradient);
  if (!Number.isFinite(norm)) return { norm, finite: true };
  if (clipNorm !== null && norm > clipNorm) {
    const scale = clipNorm / norm;
    for (let i = 0; i < gradient.length; i++) gradient[i]! *= scale;
  }
  const { beta1, beta2, epsilon } = metaAdam;
  const [m, v] = state.vectors as [Float32Array, Float32Array];
  state.steps++;
  const correction1 = 1 - beta1 ** state.steps;
  const correction2 = 1 - beta2 ** state.steps;
  let sum = 0; // A sum of finite floats does not overflow a double.
  for (let i = 0; i < phi.length; i++) {
    const g = gradient[i]!;
    m[i] = beta1 * m[i]! + (1 - beta1) * g;
    v[i] = beta2 * v[i]! + (1 - beta2) * g * g;
    phi[i]! += Math.fround((-learningRate * (m[i]! / correction1)) / (Math.sqrt(v[i]! / correction2) + epsilon));
    sum += phi[i]! + v[i]!;
  }
  return { norm, finite: Number.isFinite(sum) };
};

/** In eight partial sums, as the native kernel adds. */
function normOf(values: Float32Array): number {
  const s = new Float64Array(8);
  for (let i = 0; i < values.length; i++) s[i % 8]! += values[i]! * values[i]!;
  return Math.sqrt(s[0]! + s[1]! + (s[2]! + s[3]!) + (s[4]! + s[5]! + (s[6]! + s[7]!)));
}
