import type { RuleSpec } from '../../contract/optimizers.js';
import type { Input } from '../plan.js';

/** The hand-written rules of the paper's figures, each with its rate tuned. */
export const paperBaselines: readonly Input<RuleSpec>[] = [
  { name: 'sgd' },
  { name: 'nag' },
  { name: 'rmsprop' },
  { name: 'adam' },
];

/** Those, and what has come since. */
export const allBaselines: readonly Input<RuleSpec>[] = [
  ...paperBaselines,
  { name: 'lion' },
  { name: 'schedule-free-adamw' },
];
