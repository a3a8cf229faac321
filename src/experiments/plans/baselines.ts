import type { RuleSpec } from '../../contract/optimizers.js';
import type { Input } from '../plan.js';

/** The hand-designed optimizers of the paper's figures, each with its rate tuned. */
export const paperBaselines: readonly Input<RuleSpec>[] = [
  { name: 'sgd' },
  { name: 'nag' },
  { name: 'rmsprop' },
  { name: 'adam' },
];

/** Those, and later ones. */
export const allBaselines: readonly Input<RuleSpec>[] = [
  ...paperBaselines,
  { name: 'lion' },
  { name: 'schedule-free-adamw' },
];
