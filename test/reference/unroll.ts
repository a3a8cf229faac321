import type { LstmSpec } from '../../src/contract/optimizers.js';
import { initialState, type State, step } from './network.js';
import { type FunctionData, gradient, value } from './problems.js';

/** Where an unroll of one function begins. */
export interface Start {
  theta: number[];
  /** One state a coordinate. */
  states: State[];
}

export interface Unroll {
  /** f(θ_t), t = 0 … T. */
  losses: number[];
  /** θ_t, t = 0 … T. */
  thetas: number[][];
  /** ∇f(θ_t), t = 0 … T. */
  gradients: number[][];
  /** g_t = θ_{t+1} - θ_t, t = 0 … T - 1. */
  updates: number[][];
  /** Where the next unroll goes on. */
  end: Start;
}

/** The start of a fresh function: zero states. */
export function freshStart(spec: LstmSpec, theta: number[]): Start {
  return { theta, states: theta.map(() => initialState(spec)) };
}

/** T steps of the optimizer on one function: θ_{t+1} = θ_t + g_t, [g_t, h_{t+1}] = m(∇f(θ_t), h_t, φ). */
export function referenceUnroll(
  spec: LstmSpec,
  phi: readonly number[],
  f: FunctionData,
  start: Start,
  T: number,
): Unroll {
  let { theta, states } = start;
  const unroll: Omit<Unroll, 'end'> = { losses: [], thetas: [], gradients: [], updates: [] };
  const visit = () => {
    const g = gradient(f, theta);
    unroll.losses.push(value(f, theta));
    unroll.thetas.push(theta);
    unroll.gradients.push(g);
    return g;
  };
  for (let t = 0; t < T; t++) {
    const stepped = stepAll(spec, phi, visit(), states);
    states = stepped.states;
    theta = theta.map((x, i) => x + stepped.update[i]!);
    unroll.updates.push(stepped.update);
  }
  visit();
  return { ...unroll, end: { theta, states } };
}

/**
 * The updates for recorded gradients [T][N], from zero states: no function is involved, and no error feeds back.
 * @returns [T][N]
 */
export function openLoopUpdates(
  spec: LstmSpec,
  phi: readonly number[],
  gradients: readonly (readonly number[])[],
  states: State[] = gradients[0]!.map(() => initialState(spec)),
): number[][] {
  return gradients.map((g) => {
    const stepped = stepAll(spec, phi, g, states);
    states = stepped.states;
    return stepped.update;
  });
}

function stepAll(spec: LstmSpec, phi: readonly number[], g: readonly number[], states: State[]) {
  const results = g.map((gradient, i) => step(spec, phi, gradient, states[i]!));
  return { update: results.map((r) => r.update), states: results.map((r) => r.state) };
}
