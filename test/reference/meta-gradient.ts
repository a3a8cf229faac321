import type { TrainingSpec } from '../../src/contract/training.js';
import type { Optimizer } from './optimizer.js';
import type { FunctionData } from './problems.js';
import { openLoopUpdates, referenceUnroll, type Start } from './unroll.js';

/** One truncated unroll of a batch of functions; the meta-loss is the mean over functions of Σ_t w_t ℓ(f(θ_t)). */
export interface MetaProblem {
  optimizer: Optimizer;
  functions: FunctionData[];
  /** One per function, constant: back-propagation is truncated there. */
  starts: Start[];
  /** w_t, t = 0 … T. */
  weights: number[];
  /** ℓ; "relative" is to `initial`, or else to the unroll's first loss; both are constants. */
  objective?: TrainingSpec['objective'];
  initial?: number[] | undefined;
}

/** ℓ and ℓ' of a function's losses; those before the unroll's first step are constants. */
function objectiveOf({ objective = 'loss', initial }: MetaProblem, i: number, firstLoss: number) {
  switch (objective) {
    case 'loss':
      return { value: (f: number) => f, derivative: () => 1 };
    case 'log':
      return {
        value: (f: number) => Math.log(Math.max(f, 0) + 1e-8),
        derivative: (f: number) => (f < 0 ? 0 : 1 / (f + 1e-8)),
      };
    case 'relative': {
      const whole = Math.abs(initial?.[i] ?? firstLoss) || 1;
      return { value: (f: number) => f / whole, derivative: () => 1 / whole };
    }
  }
}

/** w_t of a meta-loss, t = 0 … T. */
export function lossWeights(metaLoss: TrainingSpec['metaLoss'], T: number): number[] {
  if (Array.isArray(metaLoss)) return metaLoss;
  return Array.from({ length: T + 1 }, (_, t) => {
    if (t === T) return metaLoss === 'sum' ? 0 : 1;
    return metaLoss === 'final' ? 0 : 1;
  });
}

/** L(φ). */
export function metaLoss(problem: MetaProblem, phi: readonly number[]): number {
  const { optimizer, functions, starts, weights } = problem;
  const T = weights.length - 1;
  const sums = functions.map((f, i) => {
    const { losses } = referenceUnroll(optimizer, phi, f, starts[i]!, T);
    const objective = objectiveOf(problem, i, losses[0]!);
    return losses.reduce((sum, loss, t) => sum + weights[t]! * objective.value(loss), 0);
  });
  return sums.reduce((a, b) => a + b, 0) / functions.length;
}

/**
 * A function of φ whose gradient at `base` is the meta-gradient with second derivatives dropped. There
 * dL = Σ_t ⟨w_t ∇f(θ_t), dθ_t⟩ with the network's inputs held at the gradients of the base point; so ∇f(θ_t) is
 * recorded once, and only θ̃_t depends on φ: θ̃_t(φ) = θ_0 + Σ_{s<t} g_s(φ) on those inputs:
 * L̃(φ) = Σ_t w_t ℓ'(f(θ_t)) ⟨∇f(θ_t), θ̃_t(φ)⟩.
 */
export function droppedMetaLoss(problem: MetaProblem, base: readonly number[]): (phi: readonly number[]) => number {
  const { optimizer, functions, starts, weights } = problem;
  const T = weights.length - 1;
  const recorded = functions.map((f, i) => referenceUnroll(optimizer, base, f, starts[i]!, T));
  return (phi) => {
    const sums = functions.map((_, i) => {
      const { gradients, observed, losses } = recorded[i]!;
      const { derivative } = objectiveOf(problem, i, losses[0]!);
      const updates = openLoopUpdates(optimizer, phi, observed.slice(0, T), starts[i]);
      let theta = starts[i]!.theta;
      let sum = 0;
      for (let t = 0; t <= T; t++) {
        sum += weights[t]! * derivative(losses[t]!) * gradients[t]!.reduce((dot, g, n) => dot + g * theta[n]!, 0);
        if (t < T) theta = theta.map((x, n) => x + updates[t]![n]!);
      }
      return sum;
    });
    return sums.reduce((a, b) => a + b, 0) / functions.length;
  };
}

/**
 * dL/dφ by central differences, [weights].
 * @param h step: the truncation error falls with h², the rounding error grows with 1e-16 / h.
 */
export function finiteDifferenceMetaGradient(
  problem: MetaProblem,
  phi: readonly number[],
  mode: TrainingSpec['secondDerivatives'],
  h = 1e-5,
): number[] {
  const loss = mode === 'exact' ? (p: readonly number[]) => metaLoss(problem, p) : droppedMetaLoss(problem, phi);
  return phi.map((weight, i) => {
    const [above, below] = [h, -h].map((d) => loss(phi.with(i, weight + d)));
    return (above! - below!) / (2 * h);
  });
}

/** |a - b| / |b| in the Euclidean norm: the normwise relative error of a against b. */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new RangeError(`lengths ${a.length} and ${b.length} differ`);
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < b.length; i++) {
    difference += (a[i]! - b[i]!) ** 2;
    norm += b[i]! ** 2;
  }
  return norm === 0 ? (difference === 0 ? 0 : Number.POSITIVE_INFINITY) : Math.sqrt(difference / norm);
}
