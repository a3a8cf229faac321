import type { RuleName, RuleSpec } from '../../contract/optimizers.js';
import { adagrad } from './adagrad.js';
import { adam } from './adam.js';
import { adamw } from './adamw.js';
import { lion } from './lion.js';
import { momentum } from './momentum.js';
import { muon } from './muon.js';
import { nadamw } from './nadamw.js';
import { nag } from './nag.js';
import { rmsprop } from './rmsprop.js';
import type { UpdateRule } from './rule.js';
import { scheduleFreeAdamw } from './schedule-free-adamw.js';
import { scheduleFreeSgd } from './schedule-free-sgd.js';
import { sgd } from './sgd.js';

export const rules: { readonly [N in RuleName]: UpdateRule<N> } = {
  sgd,
  momentum,
  nag,
  rmsprop,
  adagrad,
  adam,
  adamw,
  nadamw,
  lion,
  muon,
  'schedule-free-sgd': scheduleFreeSgd,
  'schedule-free-adamw': scheduleFreeAdamw,
};

/** The rule that a spec names. Its `update` takes that spec. */
export function ruleOf(spec: RuleSpec): UpdateRule {
  return rules[spec.name] as unknown as UpdateRule;
}
