import type { MlpSpec } from '../../src/contract/networks/mlp.js';
import { freshMlpState, type MlpState, mlpStep } from './mlp.js';
import { type FunctionData, gradient, value } from './problems.js';

/** Persistent evolution strategies in fp64, from arXiv 2112.13835, independent of src/core. */

/** A function being optimised by an MLP, tensor by tensor. */
export class Particle {
  private theta: number[];
  private step = 0;
  private readonly states: MlpState[];

  constructor(
    private readonly spec: MlpSpec,
    private readonly shapes: readonly (readonly number[])[],
    private readonly f: FunctionData,
    start: readonly number[],
    /** α_t, and λ: θ ← θ - α_t (s + λ θ). */
    private readonly rates: { at(t: number): number; readonly weightDecay: number },
  ) {
    this.theta = [...start];
    this.states = shapes.map((shape) => freshMlpState(spec, shape));
  }

  /** f(θ_t), t = 0 … steps. */
  advance(phi: readonly number[], steps: number): number[] {
    const losses: number[] = [];
    for (let k = 0; ; k++) {
      losses.push(value(this.f, this.theta, this.step));
      if (k === steps) return losses;
      const g = gradient(this.f, this.theta, this.step);
      let from = 0;
      const moved = this.shapes.flatMap((shape, p) => {
        const size = shape.reduce((a, b) => a * b, 1);
        const own = this.theta.slice(from, from + size);
        const slopes = g.slice(from, from + size);
        from += size;
        const { s, state } = mlpStep(this.spec, phi, shape, slopes, own, this.step, this.states[p]!);
        this.states[p] = state;
        const rate = this.rates.at(this.step);
        return own.map((x, i) => x - rate * (s[i]! + this.rates.weightDecay * x));
      });
      this.theta = moved;
      this.step++;
    }
  }
}

/**
 * A truncation: 1/n Σ_i ξ_i (L⁺_i - L⁻_i)/(2σ²), L the sum of the losses before the last.
 * @param losses per pair and sign
 * @param sums ξ_i, the sum of the pair's perturbations since its function began
 */
export function pesEstimate(
  losses: readonly (readonly number[][])[],
  sums: readonly number[][],
  sigma: number,
): number[] {
  const total = (all: readonly number[]) => all.slice(0, -1).reduce((a, b) => a + b, 0);
  const scales = losses.map(([plus, minus]) => (total(plus!) - total(minus!)) / (2 * sigma ** 2));
  return sums[0]!.map((_, j) => sums.reduce((sum, xi, i) => sum + xi[j]! * scales[i]!, 0) / sums.length);
}
