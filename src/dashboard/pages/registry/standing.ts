import { measures } from '../../../contract/measures.js';
import type { ComparisonResults } from '../../../contract/results.js';
import { percent, titleOf } from '../../../figures/measure-table.js';
import { formatInterval, formatLoss } from '../../../figures/numbers.js';
import { bestBaseline, figuresOf, isLearned, rowsOf } from '../../../figures/rows.js';

/** One measure of a comparison: the learned optimizer beside the best hand-designed one. */
export interface Standing {
  readonly measure: string;
  readonly learned: string;
  readonly interval: string;
  /** Its label and its mean; null where none does better than standing still. */
  readonly best: { readonly label: string; readonly mean: string; readonly interval: string } | null;
  /** Share of the functions on which the learned optimizer does better. */
  readonly wins: string;
}

/** How the learned optimizer did in its comparison, by measure. */
export function standings(results: ComparisonResults): Standing[] {
  return measures.flatMap((measure) => {
    const shown = rowsOf(results, measure);
    const learned = shown.find(isLearned);
    if (!learned) return [];
    const { mean } = figuresOf(learned, measure);
    const baseline = bestBaseline(shown, measure);
    const other = baseline && figuresOf(baseline, measure);
    return {
      measure: titleOf(measure, results.steps),
      learned: formatLoss(mean.value),
      interval: formatInterval(mean),
      best:
        baseline && other
          ? { label: baseline.label, mean: formatLoss(other.mean.value), interval: formatInterval(other.mean) }
          : null,
      wins: percent(other?.winRate ?? null) || '–',
    };
  });
}
