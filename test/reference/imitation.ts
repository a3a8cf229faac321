import type { GroupRule } from '../../src/contract/optimizers.js';
import type { Optimizer } from './optimizer.js';
import { type FunctionData, observed, value } from './problems.js';
import { freshMemory, ruleStep } from './rules.js';
import { openLoopUpdates, type Start } from './unroll.js';

/** The trajectory of a hand-designed rule on one function. */
export interface RuleDescent {
  /** f(θ_t), t = 0 … T. */
  losses: number[];
  /** The gradients as the rule saw them, t = 0 … T - 1. */
  seen: number[][];
  /** θ_{t+1} - θ_t, t = 0 … T - 1. */
  updates: number[][];
  /** θ_T */
  end: number[];
}

/** T steps of a rule from the start, one coordinate at a time. */
export function ruleDescent(rule: GroupRule, f: FunctionData, start: readonly number[], T: number): RuleDescent {
  let theta = [...start];
  let memories = theta.map(() => freshMemory(rule));
  const descent: Omit<RuleDescent, 'end'> = { losses: [], seen: [], updates: [] };
  for (let t = 0; t < T; t++) {
    const g = observed(f, theta, t);
    const stepped = g.map((x, i) => ruleStep(rule, x, memories[i]!, t));
    descent.losses.push(value(f, theta, t));
    descent.seen.push(g);
    descent.updates.push(stepped.map(({ update }) => update));
    memories = stepped.map(({ memory }) => memory);
    theta = theta.map((x, i) => x + stepped[i]!.update);
  }
  descent.losses.push(value(f, theta, T));
  return { ...descent, end: theta };
}

/**
 * L(φ) of an imitation from step `from` to step `to` of a rule's descents: the mean over steps, functions and coordinates
 * of the squared distance between the optimizer's updates and the rule's, in units of the rule's rate.
 * @param starts the optimizer's state before step `from`, per function
 */
export function imitationLoss(
  optimizer: Optimizer,
  rule: GroupRule,
  descents: readonly RuleDescent[],
  starts: readonly Start[],
  from: number,
  to: number,
): (phi: readonly number[]) => number {
  return (phi) => {
    const squares = descents.flatMap(({ seen, updates }, b) =>
      openLoopUpdates(optimizer, phi, seen.slice(from, to), starts[b]!).flatMap((row, t) =>
        row.map((g, i) => ((g - updates[from + t]![i]!) / rule.learningRate) ** 2),
      ),
    );
    return squares.reduce((a, b) => a + b, 0) / squares.length;
  };
}
