import { type ComparisonSpec, tunedMeasures } from '../../contract/comparison.js';
import { type Measure, nameOfMeasure } from '../../contract/measures.js';
import type { RuleSpec } from '../../contract/optimizers.js';
import type { NotTuned, TuningResult } from '../../contract/results.js';
import { toWire } from '../../contract/schema.js';
import { eachMeasure, type Measured } from '../optimise/measures.js';
import type { TunedRule } from '../optimise/rule-method.js';
import { ruleOf } from '../optimizers/registry.js';
import { bestRates, endsOf, rateAt, survivors, type TriedRate } from './grid.js';
import { type Grid, gridsOf, learnedMeasures, type TuningState, tellingMeasures } from './tuning.js';

/** A rule with its tuned rate, or with its usual one. */
export interface TunedBaseline {
  readonly rule: TunedRule;
  /** The other tuned parameters. */
  readonly parameters: Readonly<Record<string, number>>;
  readonly tuning: TuningResult;
}

type Candidate = TriedRate & { grid: Grid; rate: number; diverged: boolean };

/** Tuning's results for a baseline: each distinct rate, in the order of the measures it is best for. */
export function tunedBaselines(comparison: ComparisonSpec, now: TuningState, baseline: number): TunedBaseline[] {
  const usual = comparison.baselines[baseline] as RuleSpec;
  const owner = {
    baseline,
    usualRate: ruleOf(usual).usualRate,
    given: usual,
    measures: tunedMeasures(comparison.tuning),
  };
  return tunedRates(comparison, now, owner).map(({ rate, all, ...found }) => ({
    ...found,
    rule: { ...usual, ...all, learningRate: rate },
  }));
}

/** The same for the learned optimizer, which has one rate. */
export function tunedLearned(comparison: ComparisonSpec, now: TuningState, usualRate: number) {
  const owner = { baseline: null, usualRate, given: {}, measures: learnedMeasures(comparison) };
  return tunedRates(comparison, now, owner)[0]!;
}

/** An optimizer whose rate is tuned. */
interface Owner {
  readonly baseline: number | null;
  readonly usualRate: number;
  /** Its parameters, as the document gives them. */
  readonly given: object;
  readonly measures: readonly Measure[];
}

function tunedRates(comparison: ComparisonSpec, now: TuningState, owner: Owner) {
  const { tuning } = comparison;
  const candidates = candidatesOf(comparison, now, owner);
  /** The chosen candidate or null, with its measures and the parameters that tuning could not choose. */
  const found = new Map<Candidate | null, { measures: Measure[]; notTuned: NotTuned[] }>();
  for (const measure of owner.measures) {
    const { taken, notTuned } = choose(candidates, owner.given, measure, comparison, now.still);
    const { measures, notTuned: others } = found.get(taken) ?? { measures: [], notTuned: [] };
    found.set(taken, { measures: [...measures, measure], notTuned: [...others, ...notTuned] });
  }
  return [...found].map(([taken, { measures, notTuned }]) => {
    const [measure] = measures as [Measure];
    const open = notTuned.map(({ parameter }) => parameter);
    const parameters = Object.entries(taken?.grid.parameters ?? {}).filter(([name]) => !open.includes(name));
    return {
      rate: taken?.rate ?? owner.usualRate,
      /** Every tuned parameter, with those that tuning could not choose. */
      all: taken?.grid.parameters ?? {},
      parameters: Object.fromEntries(parameters),
      tuning: {
        measure,
        measures,
        functions: tuning.functions,
        examples: tuning.examples,
        atEdge: taken !== null && isAtEdge(taken, candidates),
        grid: candidates.map(published(measure)),
        ...(notTuned.length > 0 && { notTuned }),
      },
    };
  });
}

/** All rates tried for an optimizer, ascending within each combination of the other parameters. */
function candidatesOf(comparison: ComparisonSpec, now: TuningState, { baseline, usualRate }: Owner): Candidate[] {
  return gridsOf(comparison).flatMap((grid, i) => {
    if (grid.baseline !== baseline) return [];
    const tried = [...now.tried[i]!].sort((a, b) => a.exponent - b.exponent);
    const left = new Set(survivors(tried));
    const rate = (exponent: number) => rateAt(usualRate, comparison.tuning, exponent);
    return tried.map((one) => ({ ...one, grid, rate: rate(one.exponent), diverged: !left.has(one) }));
  });
}

interface Choice {
  /** Null if the rule keeps its usual rate. */
  readonly taken: Candidate | null;
  readonly notTuned: NotTuned[];
}

/**
 * The only place that chooses a rate: one that diverged nowhere and does better than standing still and than some other
 * rate. Of several that tie, it takes the nearest to the usual one; parameters in which they differ stay open.
 */
function choose(
  candidates: readonly Candidate[],
  usual: object,
  measure: Measure,
  comparison: ComparisonSpec,
  still: Measured<number> | null,
): Choice {
  const none = (reason: string): Choice => ({
    taken: null,
    notTuned: [{ measure, parameter: 'learningRate', reason }],
  });
  const name = nameOfMeasure(measure);
  if (!still || !tellingMeasures(comparison).includes(measure))
    return none(`the ${name} over one step is the loss at the start, whatever the rate`);
  if (!Number.isFinite(still[measure]))
    return none('the loss of a tuning function is not finite even when nothing moves');
  const rates = candidates.map(({ rate }) => Number(rate.toPrecision(3)));
  const range = `from ${Math.min(...rates)} to ${Math.max(...rates)}`;
  const left = candidates.filter(({ diverged }) => !diverged);
  const tied = bestRates(left, measure).filter(({ scores }) => scores[measure] < still[measure]);
  if (tied.length === 0) return none(`no rate ${range} lowers the ${name} without diverging on a tuning function`);
  if (tied.length > 1 && tied.length === left.length)
    return none(`all rates ${range} that do not diverge give the same ${name}`);
  const valuesOf = (parameter: string) => [...new Set(tied.map(({ grid }) => grid.parameters[parameter]!))];
  const open = Object.keys(tied[0]!.grid.parameters).filter((parameter) => valuesOf(parameter).length > 1);
  const given = usual as Record<string, unknown>;
  const changes = ({ grid }: Candidate) => open.filter((p) => grid.parameters[p] !== given[p]).length;
  const [taken] = [...tied].sort((a, b) => changes(a) - changes(b) || Math.abs(a.exponent) - Math.abs(b.exponent));
  return {
    taken: taken!,
    notTuned: open.map((parameter) => ({
      measure,
      parameter,
      reason: `${listed(valuesOf(parameter))} give the same ${name}`,
    })),
  };
}

/** For example "0.5, 0.9 and 0.99". */
function listed(values: readonly number[]): string {
  return `${values.slice(0, -1).join(', ')} and ${values.at(-1)}`;
}

function isAtEdge({ exponent, grid }: Candidate, candidates: readonly Candidate[]): boolean {
  const { low, high } = endsOf(candidates.filter((candidate) => candidate.grid === grid));
  return exponent === low || exponent === high;
}

const published =
  (measure: Measure) =>
  ({ rate, grid, scores, diverged }: Candidate): TuningResult['grid'][number] => {
    const shown = eachMeasure((m) => toWire(diverged ? Number.POSITIVE_INFINITY : scores[m]));
    return { learningRate: rate, parameters: grid.parameters, score: shown[measure], scores: shown, diverged };
  };
