import { countOptimizers, hasTuning } from './comparison.js';
import { checkComparison } from './comparison-limits.js';
import { checkChunk, chunkFloats, functionFloats, maxDataFloats } from './data-limits.js';
import { type EngineContract, presumedEngine } from './engines.js';
import type { FieldError, Refuse } from './errors.js';
import { evolutionOf } from './estimators.js';
import { checkTransfer, fit, type Group, groupsOf, isNetwork, networkWidths } from './groups.js';
import { checkLearnable, checkNetworks } from './learnable.js';
import { componentsOf } from './mixtures.js';
import { countNetworkWeights, networkContract } from './networks/networks.js';
import type { LearnedSpec } from './optimizers.js';
import { coordinates, familyOf, type ProblemSpec, partsOf, problemsIn } from './problems.js';
import { maxWeights } from './sizes.js';
import { type JobSpec, type MetatrainSpec, problemsOf, validationProblem } from './spec.js';
import type { TrainingSpec } from './training.js';

/** Limits on products of sizes: with every field within its own range, the whole may still not fit a machine. */
const limits = {
  /** Floats that an unroll keeps for its backward pass: 2 GiB of the wasm heap's maximum of 4. */
  unrollFloats: 2 ** 29,
  /** Nesting depth and total number of problems. Draws made at every step have 16 streams. */
  depth: 4,
  problems: 16,
} as const;

/** Nesting depth of a problem: 1 for one that is neither composite nor a mixture. */
function depthOf(problem: ProblemSpec): number {
  return 1 + Math.max(0, ...partsOf(problem).map(depthOf));
}

/** Weights φ of a learned optimizer. */
export function countWeights(optimizer: LearnedSpec, problem: ProblemSpec): number {
  return countGroupWeights(groupsOf(optimizer, problem));
}

function countGroupWeights(groups: readonly Group[]): number {
  return groups.filter(isNetwork).reduce((sum, { optimizer, width }) => sum + countNetworkWeights(optimizer, width), 0);
}

/**
 * Whether a trained optimizer that fits a problem is small enough to run on it. A comparison's document does not give
 * its size, so this is checked once the weights are loaded.
 * @param engine the one that runs it
 */
export function checkSize(optimizer: LearnedSpec, problem: ProblemSpec, engine: EngineContract): FieldError | null {
  const kept = engine.keptFloats(groupsOf(optimizer, problem), 1);
  if (kept <= limits.unrollFloats) return null;
  const allowed = `few enough coordinates for a step of the optimizer to keep at most ${limits.unrollFloats} floats (here ${kept})`;
  return { pointer: '/problem', found: `${coordinates(problem)} coordinates`, allowed };
}

const mixturesOutside =
  'a mixture only as the whole problem: put "rescaled", "noisy" or "ensemble" into its components';

/** Whether a problem has too many parts, or nests too deep. */
export function checkNesting(problem: ProblemSpec): FieldError | null {
  const components = componentsOf(problem);
  if (components.flatMap(problemsIn).some(({ name }) => name === 'mixture'))
    return { pointer: '/problem', found: 'a mixture within another problem', allowed: mixturesOutside };
  const depth = Math.max(...components.map(depthOf));
  if (depth > limits.depth)
    return {
      pointer: '/problem',
      found: `${depth}`,
      allowed: `problems nested at most ${limits.depth} deep`,
    };
  const problems = Math.max(...components.map((component) => problemsIn(component).length));
  if (problems > limits.problems)
    return { pointer: '/problem', found: `${problems}`, allowed: `at most ${limits.problems} problems in one` };
  return null;
}

/** The limits that involve several fields. */
export function checkLimits(spec: JobSpec): FieldError[] {
  const errors: FieldError[] = [];
  const refuse = (pointer: string, found: unknown, allowed: string) =>
    errors.push({ pointer, found: JSON.stringify(found), allowed });
  const [excess, ofProxy] = problemsOf(spec).map(checkNesting);
  // The remaining checks walk through the problems and their parameters.
  if (excess) return [excess];
  if (ofProxy) return [{ ...ofProxy, pointer: proxyPointer }];
  if (spec.kind === 'metatrain') {
    checkTraining(spec, refuse);
    checkLearnable(spec, refuse);
    errors.push(...checkNetworks(spec));
    const { groups, errors: misfits } = fit(spec.optimizer, spec.problem);
    for (const misfit of misfits) errors.push({ ...misfit, pointer: `/optimizer${misfit.pointer}` });
    // Sizes are known only if the optimizer fits.
    if (misfits.length === 0) {
      checkOptimizer(spec, groups, refuse);
      errors.push(...checkProxy(spec));
    }
  }
  if (spec.comparison !== null) checkComparison(spec.comparison, spec.problem, refuse);
  return errors;
}

function checkTraining(spec: MetatrainSpec, refuse: Refuse): void {
  const { problem, training } = spec;
  const { functions, imitation, iterations, secondDerivatives, validation } = training;
  checkStages(training, refuse);
  if (imitation !== null && imitation.iterations > iterations)
    refuse(
      '/training/imitation/iterations',
      imitation.iterations,
      `at most ${iterations}, the iterations of the training`,
    );
  if (imitation !== null && problem.name === 'mixture')
    refuse('/training/imitation', imitation.rule, 'null: functions of a mixture cannot be imitated together');
  const limited = problemsIn(problem).find((part) => familyOf(part).firstDerivativesOnly);
  if (secondDerivatives === 'exact' && limited)
    refuse('/training/secondDerivatives', 'exact', `"dropped": the problem "${limited.name}" has no Hessian product`);
  const floats = functions * functionFloats(problem, true);
  if (floats > maxDataFloats)
    refuse('/training/functions', functions, `functions of at most ${maxDataFloats} floats in total (here ${floats})`);
  checkChunk('/training/validation/functions', validation.functions, validationProblem(spec), refuse);
}

const proxyPointer = '/training/validation/problem';

/** Whether the optimizer can also run on the problem that it is validated on. */
function checkProxy(spec: MetatrainSpec): FieldError[] {
  const { optimizer, problem, training } = spec;
  const proxy = training.validation.problem;
  if (!proxy) return [];
  const [misfit] = checkTransfer(optimizer, networkWidths(optimizer, problem), proxy);
  if (misfit) return [{ ...misfit, pointer: proxyPointer }];
  const excess = checkSize(optimizer, proxy, presumedEngine(spec, optimizer));
  return excess ? [{ ...excess, pointer: proxyPointer }] : [];
}

function checkOptimizer(spec: MetatrainSpec, groups: readonly Group[], refuse: Refuse): void {
  const { problem, optimizer, training } = spec;
  const { functions, secondDerivatives } = training;
  const weights = countGroupWeights(groups);
  if (weights > maxWeights) {
    const field = optimizer.name === 'groups' ? undefined : networkContract(optimizer).sizedBy;
    refuse(
      `/optimizer/${field ?? 'groups'}`,
      field ? optimizer[field as keyof typeof optimizer] : `networks of ${weights} weights`,
      `layers of at most ${maxWeights} weights in total`,
    );
  }
  const rule = groups.find((group) => !isNetwork(group));
  if (rule && secondDerivatives === 'exact')
    refuse(
      '/training/secondDerivatives',
      secondDerivatives,
      `"dropped": exact ones would have to pass through the rule of the group "${rule.name}"`,
    );
  const unroll = longestUnroll(training);
  const each = keptByFunction(spec, groups);
  const kept = functions * each;
  if (kept > limits.unrollFloats)
    refuse(
      '/training/functions',
      functions,
      `at most ${limits.unrollFloats} floats kept by an unroll (here ${kept}: functions × ${each} for ${unroll} steps of ${coordinates(problem)} coordinates)`,
    );
}

/** Floats that the longest unroll keeps per function. */
function keptByFunction(spec: MetatrainSpec, groups: readonly Group[]): number {
  const { optimizer, problem, training } = spec;
  const unroll = longestUnroll(training);
  // Imitation also keeps the networks' inputs, their updates and the rule's, and the loss's derivatives.
  const imitated = training.imitation === null ? 0 : 4 * unroll * coordinates(problem);
  const engine = presumedEngine(spec, optimizer);
  const evolution = evolutionOf(training);
  if (!evolution) return engine.keptFloats(groups, unroll) + imitated;
  // Two particles; of φ, the perturbation, its sum, and the control variate.
  const means = evolution.name === 'pes' && evolution.analytic ? engine.keptFloats(groups, unroll) : 0;
  return 2 * engine.keptFloats(groups, 1) + 3 * countGroupWeights(groups) + means;
}

/** Bytes that a job holds at once, as counted by the limits. */
export function memoryOf(spec: JobSpec): { unroll: number; functions: number; comparison: number } {
  const { problem, comparison } = spec;
  const floats = { unroll: 0, functions: 0, comparison: 0 };
  if (spec.kind === 'metatrain') {
    const { functions, validation } = spec.training;
    floats.unroll = functions * keptByFunction(spec, groupsOf(spec.optimizer, problem));
    floats.functions = Math.max(
      functions * functionFloats(problem, true),
      chunkFloats(validation.functions, validationProblem(spec)),
    );
  }
  if (comparison) {
    const { functions, tuning } = comparison;
    const most = hasTuning(comparison) ? Math.max(functions, tuning.functions) : functions;
    floats.functions = Math.max(floats.functions, chunkFloats(most, problem));
    // Three measures per run, in double precision, plus the losses of one optimizer.
    floats.comparison = comparison.functions * (comparison.steps + 1 + 6 * countOptimizers(comparison));
  }
  return { unroll: 4 * floats.unroll, functions: 4 * floats.functions, comparison: 4 * floats.comparison };
}

/** Bytes of a job's larger part: its training or its comparison, each with the functions that it holds. */
export function peakMemory(spec: JobSpec): number {
  const { unroll, functions, comparison } = memoryOf(spec);
  return functions + Math.max(unroll, comparison);
}

/** Steps of the longest unroll of any stage. */
export function longestUnroll({ unroll, curriculum }: TrainingSpec): number {
  return Math.max(unroll, ...curriculum.map((stage) => stage.unroll));
}

function checkStages(training: TrainingSpec, refuse: Refuse): void {
  const { horizon, unroll, curriculum, metaLoss } = training;
  let from = 0;
  for (const [i, stage] of [{ from, horizon, unroll }, ...curriculum].entries()) {
    const pointer = i === 0 ? '/training' : `/training/curriculum/${i - 1}`;
    if (i > 0 && stage.from <= from)
      refuse(`${pointer}/from`, stage.from, `more than ${from}, where the previous stage begins`);
    from = stage.from;
    if (stage.horizon % stage.unroll !== 0 && !evolutionOf(training)?.horizons)
      refuse(`${pointer}/unroll`, stage.unroll, `a divisor of the horizon, ${stage.horizon}`);
    if (Array.isArray(metaLoss) && metaLoss.length !== stage.unroll + 1)
      refuse(
        '/training/metaLoss',
        metaLoss.length,
        `${stage.unroll + 1} numbers, one more than the steps of the unroll at ${pointer}/unroll`,
      );
  }
}
