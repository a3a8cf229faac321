import type { LstmSpec } from '../../src/contract/optimizers.js';
import { initialState, type State, step } from './network.js';
import { type FunctionData, gradient, observed, value } from './problems.js';

/** Where an unroll of one function begins. */
export interface Start {
  theta: number[];
  /** One state a coordinate. */
  states: State[];
  /** Steps that the function has been optimised for. */
  step: number;
}

export interface Unroll {
  /** f(θ_t), t = 0 … T. */
  losses: number[];
  /** θ_t, t = 0 … T. */
  thetas: number[][];
  /** ∇f(θ_t), t = 0 … T. */
  gradients: number[][];
  /** What the optimizer saw of them, t = 0 … T. */
  observed: number[][];
  /** g_t = θ_{t+1} - θ_t, t = 0 … T - 1. */
  updates: number[][];
  /** Where the next unroll goes on. */
  end: Start;
}

/** The start of a fresh function: zero states. */
export function freshStart(spec: LstmSpec, theta: number[]): Start {
  return { theta, states: theta.map(() => initialState(spec)), step: 0 };
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
  const unroll: Omit<Unroll, 'end'> = { losses: [], thetas: [], gradients: [], observed: [], updates: [] };
  const visit = (t: number) => {
    const g = observed(f, theta, start.step + t);
    unroll.losses.push(value(f, theta, start.step + t));
    unroll.thetas.push(theta);
    unroll.gradients.push(gradient(f, theta, start.step + t));
    unroll.observed.push(g);
    return g;
  };
  for (let t = 0; t < T; t++) {
    const stepped = stepAll(spec, phi, visit(t), states);
    states = stepped.states;
    theta = theta.map((x, i) => x + stepped.update[i]!);
    unroll.updates.push(stepped.update);
  }
  visit(T);
  return { ...unroll, end: { theta, states, step: start.step + T } };
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
