import type { RuleName, RuleSpec } from '../../contract/optimizers.js';
import { adagrad } from './adagrad.js';
import { adam } from './adam.js';
import { momentum } from './momentum.js';
import { nag } from './nag.js';
import { rmsprop } from './rmsprop.js';
import type { UpdateRule } from './rule.js';
import { sgd } from './sgd.js';

export const rules: { readonly [N in RuleName]: UpdateRule<N> } = { sgd, momentum, nag, rmsprop, adagrad, adam };

/** The rule that a spec names. Its `update` takes that spec. */
export function ruleOf(spec: RuleSpec): UpdateRule {
  return rules[spec.name] as unknown as UpdateRule;
}
