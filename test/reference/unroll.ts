import { freshStates, type Optimizer, type States, stepAll } from './optimizer.js';
import { type FunctionData, gradient, observed, value } from './problems.js';

/** The start of an unroll of one function. */
export interface Start {
  theta: number[];
  states: States;
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
  /** The gradients as the optimizer saw them, t = 0 … T. */
  observed: number[][];
  /** g_t = θ_{t+1} - θ_t, t = 0 … T - 1. */
  updates: number[][];
  /** The start of the next unroll. */
  end: Start;
}

/** The start of a fresh function: zero states. */
export function freshStart(optimizer: Optimizer, theta: number[]): Start {
  return { theta, states: freshStates(optimizer, theta.length), step: 0 };
}

/** T steps of the optimizer on one function: θ_{t+1} = θ_t + g_t, [g_t, h_{t+1}] = m(∇f(θ_t), h_t, φ). */
export function referenceUnroll(
  optimizer: Optimizer,
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
    const stepped = stepAll(optimizer, phi, visit(t), states, start.step + t);
    states = stepped.states;
    theta = theta.map((x, i) => x + stepped.update[i]!);
    unroll.updates.push(stepped.update);
  }
  visit(T);
  return { ...unroll, end: { theta, states, step: start.step + T } };
}

/**
 * The updates for recorded gradients [T][N], from a fresh start: no function is involved, and no error feeds back.
 * @returns [T][N]
 */
export function openLoopUpdates(
  optimizer: Optimizer,
  phi: readonly number[],
  gradients: readonly (readonly number[])[],
  start: Pick<Start, 'states' | 'step'> = freshStart(optimizer, [...gradients[0]!]),
): number[][] {
  let { states } = start;
  return gradients.map((g, t) => {
    const stepped = stepAll(optimizer, phi, g, states, start.step + t);
    states = stepped.states;
    return stepped.update;
  });
}
