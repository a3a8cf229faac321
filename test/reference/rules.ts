import type { GroupRule } from '../../src/contract/optimizers.js';

/** Some hand-designed rules in fp64, one coordinate at a time, each from its paper, independent of src/core/optimizers. */

/** A rule's state per coordinate. */
export type RuleMemory = readonly number[];

export function freshMemory({ name }: GroupRule): RuleMemory {
  return { sgd: [], momentum: [0], adam: [0, 0] }[name as string]!;
}

/** @param t steps taken before this one */
export function ruleStep(rule: GroupRule, g: number, memory: RuleMemory, t: number) {
  switch (rule.name) {
    case 'sgd':
      return { update: -rule.learningRate * g, memory };
    case 'momentum': {
      const velocity = rule.momentum * memory[0]! - rule.learningRate * g;
      return { update: velocity, memory: [velocity] };
    }
    case 'adam': {
      const m = rule.beta1 * memory[0]! + (1 - rule.beta1) * g;
      const v = rule.beta2 * memory[1]! + (1 - rule.beta2) * g ** 2;
      const [mean, square] = [m / (1 - rule.beta1 ** (t + 1)), v / (1 - rule.beta2 ** (t + 1))];
      return { update: (-rule.learningRate * mean) / (Math.sqrt(square) + rule.epsilon), memory: [m, v] };
    }
    default:
      throw new Error(`the reference has no ${rule.name}`);
  }
}
