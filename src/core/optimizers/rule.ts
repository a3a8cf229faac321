import type { RuleName, RuleOf } from '../../contract/optimizers.js';
import type { Parameter } from '../../contract/problems/family.js';
import type { Orthogonalise } from './newton-schulz.js';

/** State of a hand-designed rule: vectors of θ's length, and the number of steps taken. */
export interface RuleState {
  readonly vectors: readonly Float32Array[];
  steps: number;
}

/**
 * A hand-designed update rule with the interface m(∇, h, φ) → (g, h'): `update` turns the gradient into what is added
 * to θ. A batch of functions is one long vector, function after function.
 */
export interface UpdateRule<N extends RuleName = RuleName> {
  readonly name: N;
  /** For tables and legends. */
  readonly title: string;
  /** The learning rate that a tuning grid is centred on. */
  readonly usualRate: number;
  /** A fresh state for n coordinates. */
  init(n: number): RuleState;
  /**
   * The point at which the step's gradient is taken; without it, θ_t itself, where f is measured.
   * @param point [n] receives the point
   */
  gradientPoint?(
    spec: RuleOf<N> & { learningRate: number },
    theta: Float32Array,
    state: RuleState,
    point: Float32Array,
  ): void;
  /**
   * Computes in double, stores in fp32.
   * @param gradient [n] ∇f(θ_t), or ∇f at {@link gradientPoint}
   * @param state changed in place
   * @param update [n] receives θ_{t+1} - θ_t
   * @param theta [n] θ_t
   * @param tensors of one function, in θ's order, for rules that treat matrices in their own way; empty for a vector
   * @param orthogonalise an engine's, for rules that need it
   */
  update(
    spec: RuleOf<N> & { learningRate: number },
    gradient: Float32Array,
    state: RuleState,
    update: Float32Array,
    theta: Float32Array,
    tensors: Tensors,
    orthogonalise?: Orthogonalise,
  ): void;
}

/** The shapes of what a rule optimises. */
export type Tensors = readonly Pick<Parameter, 'shape'>[];

/**
 * A mean of squares, limited to the largest fp32 number: if it were stored as infinite, its coordinate would never move
 * again. (A named constant makes the loops a third slower.)
 */
export function meanSquare(value: number): number {
  return value > 3.4028234663852886e38 ? 3.4028234663852886e38 : value;
}

/** The largest fp32 number. */
export const largest = meanSquare(Number.POSITIVE_INFINITY);

/** Just below the root of the smallest fp32 number above 0, 2^-149. */
const minimumEpsilon = 2 ** -75;

/**
 * The ε that a rule adds to √v, never 0: the update is then 0 if all gradients were 0, and finite if their squares
 * underflow fp32.
 */
export function positive(epsilon: number): number {
  return Math.max(epsilon, minimumEpsilon);
}

/** A state of `count` zero vectors. */
export function zeroState(n: number, count: number): RuleState {
  return { vectors: Array.from({ length: count }, () => new Float32Array(n)), steps: 0 };
}
