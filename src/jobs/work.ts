import { hasTuning, isLearnedTuned, isTuned, tunedMeasures } from '../contract/comparison.js';
import { unrolledSteps, validationHorizon } from '../contract/curriculum.js';
import { evolutionOf } from '../contract/estimators.js';
import type { LearnedSpec } from '../contract/optimizers.js';
import { type JobSpec, validationProblem } from '../contract/spec.js';

/** The parts of a job's work that are timed, each in units of its own that cost about the same in similar jobs. */
export type Part = 'training' | 'validation' | 'tuning' | 'comparison';

/** Work that an attempt has done. */
export interface Timed {
  readonly part: Part;
  /** Seconds of computing. */
  readonly seconds: number;
  readonly units: number;
}

/**
 * The work of a whole job: training in steps unrolled, validations by their number, tuning and comparison in steps on
 * functions. 0 for a part that the job does not have.
 */
export function unitsOf(spec: JobSpec): Record<Part, number> {
  const units = { training: 0, validation: 0, tuning: 0, comparison: 0 };
  if (spec.kind === 'metatrain') {
    const { iterations, validation } = spec.training;
    units.training = unrolledSteps(spec.training);
    units.validation = Math.ceil(iterations / validation.every) + 1;
  }
  if (spec.comparison) {
    const { functions, steps, tuning } = spec.comparison;
    if (hasTuning(spec.comparison)) units.tuning = tuning.functions * steps;
    units.comparison = functions * steps;
  }
  return units;
}

/**
 * What the cost of a unit depends on, for each part that the job has: jobs that differ only in other fields, such as
 * seeds, learning rates or meta-iterations, are of one kind.
 * @param optimizer that the job trains or compares
 */
export function costsOf(spec: JobSpec, optimizer: LearnedSpec): Partial<Record<Part, object>> {
  const { engine, problem, comparison } = spec;
  const learned = { engine, problem, optimizer: withoutInitialisation(optimizer) };
  const costs: Partial<Record<Part, object>> = {};
  if (spec.kind === 'metatrain') {
    const { functions, horizon, unroll, curriculum, secondDerivatives, objective, ...others } = spec.training;
    const { imitation, randomScaling, validation } = others;
    const evolution = evolutionOf(spec.training);
    costs.training = {
      ...learned,
      ...{ functions, horizon, unroll, curriculum, secondDerivatives, objective },
      imitation: imitation?.rule.name ?? null,
      isScaled: randomScaling !== null,
      ...(evolution && { estimator: evolution.name, isAnalytic: evolution.name === 'pes' && evolution.analytic }),
    };
    costs.validation = {
      ...learned,
      problem: validationProblem(spec),
      functions: validation.functions,
      horizon: validationHorizon(spec.training),
    };
  }
  if (comparison) {
    const { baselines, resamples } = comparison;
    const { functions: _, ...tuning } = comparison.tuning;
    const tuned = baselines.filter(isTuned);
    const isOursTuned = isLearnedTuned(comparison);
    if (tuned.length > 0 || isOursTuned)
      costs.tuning = { engine, problem, tuned, tuning, ...(isOursTuned && { learned: learned.optimizer }) };
    const rules = baselines.map((rule) => ({ name: rule.name, isTuned: isTuned(rule) }));
    costs.comparison = { ...learned, rules, measures: tunedMeasures(comparison.tuning), resamples };
  }
  return costs;
}

/** Where training starts does not change what a step costs. */
function withoutInitialisation(optimizer: LearnedSpec): object {
  return JSON.parse(JSON.stringify(optimizer, (key, value) => (key === 'initialisation' ? undefined : value)));
}
