import type { Datasets } from '../../contract/datasets.js';
import type { RuleSpec } from '../../contract/optimizers.js';
import { coordinates } from '../../contract/problems.js';
import type { TuningResult } from '../../contract/results.js';
import { toWire } from '../../contract/schema.js';
import type { ComparisonSpec, JobSpec, TuningSpec } from '../../contract/spec.js';
import type { Engine } from '../engines/engine.js';
import { ruleOf } from '../optimizers/registry.js';
import { sampleFunctions } from '../problems/batch.js';
import { Purpose } from '../random/random.js';
import { chunkSize, optimiseByRule } from './optimise.js';

/** A rate that was tried: usual rate × ratio^exponent. */
export interface TriedRate {
  exponent: number;
  /** Mean over the tuning functions of the measure. */
  score: number;
  diverged: boolean;
}

/** How many rates are added at a time where the best is at the edge, and how far a grid may grow. */
const growth = 4;
const widest = 160;

/**
 * The exponent to try next; null when the best rate lies inside what was tried.
 * The grid begins around the rule's usual rate and grows on the side where its best rate is at the edge.
 */
export function nextExponent(tuning: TuningSpec, tried: readonly TriedRate[]): number | null {
  const half = Math.floor(tuning.points / 2);
  if (tried.length < tuning.points) return tried.length - half;
  const exponents = tried.map(({ exponent }) => exponent);
  const [low, high] = [Math.min(...exponents), Math.max(...exponents)];
  const best = bestRate(tried)?.exponent ?? low;
  if (tried.length >= tuning.points + widest) return null;
  // A step of growth is finished before the edge is judged again.
  const grownUp = high - (tuning.points - 1 - half);
  const grownDown = -half - low;
  if (grownUp % growth !== 0) return high + 1;
  if (grownDown % growth !== 0) return low - 1;
  if (best === high) return high + 1;
  return best === low ? low - 1 : null;
}

/** The best of the rates that diverged on no function. */
export function bestRate(tried: readonly TriedRate[]): TriedRate | undefined {
  return tried.filter(({ diverged }) => !diverged).sort((a, b) => a.score - b.score)[0];
}

export function rateAt(rule: RuleSpec, tuning: TuningSpec, exponent: number): number {
  return ruleOf(rule).usualRate * tuning.ratio ** exponent;
}

/** Tries one rate on the tuning functions. */
export async function tryRate(
  engine: Engine,
  datasets: Datasets,
  spec: JobSpec,
  { steps, tuning }: ComparisonSpec,
  rule: RuleSpec,
  exponent: number,
): Promise<TriedRate> {
  const chunk = chunkSize(coordinates(spec.problem));
  const learningRate = rateAt(rule, tuning, exponent);
  let score = 0;
  let initial = 0;
  let worst = 0;
  for (let first = 0; first < tuning.functions; first += chunk) {
    const count = Math.min(chunk, tuning.functions - first);
    const batch = sampleFunctions(spec.problem, spec.seed, Purpose.tuning, first, count, datasets);
    const losses = await optimiseByRule(engine, batch, { ...rule, learningRate }, steps);
    for (let b = 0; b < count; b++) {
      const final = losses[steps * count + b]!;
      initial += losses[b]!;
      worst = Number.isFinite(final) ? Math.max(worst, final) : Number.POSITIVE_INFINITY;
      if (tuning.measure === 'final') score += final;
      else for (let t = 0; t < steps; t++) score += losses[t * count + b]!;
    }
    if (worst === Number.POSITIVE_INFINITY) break;
  }
  const diverged = !(worst <= (100 * initial) / tuning.functions);
  return { exponent, score: diverged ? Number.POSITIVE_INFINITY : score / tuning.functions, diverged };
}

export function tuningResult(rule: RuleSpec, tuning: TuningSpec, tried: readonly TriedRate[]): TuningResult {
  const grid = [...tried]
    .sort((a, b) => a.exponent - b.exponent)
    .map(({ exponent, score, diverged }) => ({
      learningRate: rateAt(rule, tuning, exponent),
      score: toWire(score),
      diverged,
    }));
  return { measure: tuning.measure, functions: tuning.functions, grid };
}
