import type { Measure } from '../contract/measures.js';
import type { ComparisonResults, OptimizerResult } from '../contract/results.js';
import { fromWire } from '../contract/schema.js';
import { formatShare } from './numbers.js';
import { bestBaseline, figuresOf, isLearned, rowsOf, standingStill, verdictOf } from './rows.js';

/** Notes to a comparison's tables, in the terminal and in reports: why a number is what it is. */

/** A note if the optimizer was trained on something else. */
export function transferNote({ trainedOn, problem, steps }: ComparisonResults): string[] {
  if (!trainedOn) return [];
  const isSame = JSON.stringify(trainedOn.problem) === JSON.stringify(problem);
  if (isSame && steps <= trainedOn.steps) return [];
  const other = trainedOn.problem.name === problem.name ? 'the same with other settings' : problem.name;
  const here = [...(isSame ? [] : [other]), `${steps} steps`].join(', ');
  return [
    `The learned optimizer was trained on ${trainedOn.problem.name}, ${trainedOn.steps} steps; this is ${here}, where it may do far worse.`,
  ];
}

/** The learned optimizer against the best hand-designed one, and what a reader must know about the rows. */
export function measureNotes(results: ComparisonResults, measure: Measure): string[] {
  const shown = rowsOf(results, measure);
  const edges = shown.filter(({ tuning }) => tuning?.atEdge).map(({ label }) => label);
  const warning = `At the edge of its grid, which could grow no further: ${edges.join('; ')}.`;
  return [
    ...verdict(shown, measure),
    ...shown.flatMap((optimizer) => notTuned(optimizer, measure)),
    ...(edges.length > 0 ? [warning] : []),
    ...shown.flatMap((optimizer) => outliers(optimizer, measure)),
  ];
}

function verdict(shown: readonly OptimizerResult[], measure: Measure): string[] {
  if (shown.every(isLearned)) return [];
  const best = bestBaseline(shown, measure);
  if (!best) return ['Best baseline: none. No rule does better than standing still.'];
  return [`Best baseline: ${best.label}; ${found[verdictOf(figuresOf(best, measure).difference!)]}.`];
}

const found = {
  better: 'the learned optimizer is below it, the interval of the difference clear of 0',
  worse: 'the learned optimizer is above it, the interval of the difference clear of 0',
  open: 'the interval of the difference contains 0',
  'not finite': 'the difference is not finite',
};

function notTuned({ label, tuning }: OptimizerResult, measure: Measure): string[] {
  const ofMeasure = tuning?.notTuned?.filter((one) => one.measure === measure) ?? [];
  return ofMeasure.map(({ parameter, reason }) =>
    parameter === 'learningRate' ? `${label}: ${reason}.` : `${label}: ${parameter} not tuned, ${reason}.`,
  );
}

/** A note if a few functions dominate the mean: it is worse than standing still, and the median is not. */
function outliers(optimizer: OptimizerResult, measure: Measure): string[] {
  const { label, diverged = 0 } = optimizer;
  const [mean, median] = [figuresOf(optimizer, measure).mean.value, figuresOf(optimizer, measure).median].map(fromWire);
  const still = standingStill(optimizer, measure);
  if (diverged === 0 || mean! < still || !(median! < still)) return [];
  return [
    `${label}: its mean comes from the ${formatShare(diverged)} of functions on which it diverged; compare the medians.`,
  ];
}
