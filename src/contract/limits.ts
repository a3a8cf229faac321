import { type ComparisonSpec, tunedMeasures } from './comparison.js';
import type { FieldError } from './errors.js';
import { blocksOf, fit, type Group, groupsOf, isNetwork } from './groups.js';
import type { LearnedSpec, LstmSpec } from './optimizers.js';
import { coordinates, familyOf, isQuadratic, type ProblemSpec, partsOf, problemsIn } from './problems.js';
import { checkResultSize } from './result-size.js';
import { maxWeights } from './sizes.js';
import type { JobSpec, MetatrainSpec } from './spec.js';
import type { TrainingSpec } from './training.js';

/** Limits on products of sizes: each field may be within its own range, and the whole still not fit a machine. */
const limits = {
  /** Floats that an unroll keeps for its backward pass: 2 GiB, of the 4 that the wasm heap can have. */
  unrollFloats: 2 ** 29,
  /** Floats of sampled data held at once: W, y and the like (1 GiB). */
  dataFloats: 2 ** 28,
  /** Losses that a comparison keeps of one optimizer at a time, functions × (steps + 1) (512 MiB). */
  comparisonLosses: 2 ** 27,
  /** Problems within each other, and in all. What is drawn at every step has 16 streams. */
  depth: 4,
  problems: 16,
  /** Functions × optimizers of a comparison, of which three measures are kept (1.5 GiB). */
  comparisonMeasures: 2 ** 26,
  /** Combinations of other parameters that a rule's rates are tuned with. */
  combinations: 64,
} as const;

/** Floats of one function: its data, where it starts, and with `miniBatch` what a mini-batch takes on its way through. */
function functionFloats(problem: ProblemSpec, miniBatch = false): number {
  const { dataFloats, miniBatchFloats } = familyOf(problem);
  const data = dataFloats?.(problem) ?? 0;
  const own = Math.max(data, coordinates(problem)) + (miniBatch ? (miniBatchFloats?.(problem) ?? 0) : 0);
  return partsOf(problem).reduce((sum, part) => sum + functionFloats(part, miniBatch), own);
}

/** Problems within each other: 1 of one that is made of no others. */
function depthOf(problem: ProblemSpec): number {
  return 1 + Math.max(0, ...partsOf(problem).map(depthOf));
}

/** Inputs of a network over blocks of `width` coordinates. */
export function inputsOf({ preprocess }: LstmSpec, width: number): number {
  return preprocess.name === 'none' ? width : 2 * width;
}

/** Weights of a network over blocks of `width` coordinates. */
export function countNetworkWeights(spec: LstmSpec, width: number): number {
  let inputs = inputsOf(spec, width);
  let count = 0;
  if (spec.inputProjection !== null) {
    count += (inputs + 1) * spec.inputProjection;
    inputs = spec.inputProjection;
  }
  for (const units of spec.layers) {
    count += (inputs + units + 1) * 4 * units;
    inputs = units;
  }
  return count + (inputs + 1) * width;
}

/** Weights φ of a learned optimizer. */
export function countWeights(optimizer: LearnedSpec, problem: ProblemSpec): number {
  return countGroupWeights(groupsOf(optimizer, problem));
}

function countGroupWeights(groups: readonly Group[]): number {
  return groups.filter(isNetwork).reduce((sum, { optimizer, width }) => sum + countNetworkWeights(optimizer, width), 0);
}

/**
 * Whether a trained optimizer can be run on a problem that it fits: a comparison's document does not say how large it is,
 * so this is known when its weights are at hand.
 */
export function checkSize(optimizer: LearnedSpec, problem: ProblemSpec, native: boolean): FieldError | null {
  const kept = keptByUnroll(groupsOf(optimizer, problem), 1, native);
  if (kept <= limits.unrollFloats) return null;
  const allowed = `coordinates for which a step of the optimizer keeps at most ${limits.unrollFloats} floats (here ${kept})`;
  return { pointer: '/problem', found: `${coordinates(problem)} coordinates`, allowed };
}

/** Whether a problem is made of too many others, or nests too deep. */
export function checkNesting(problem: ProblemSpec): FieldError | null {
  const depth = depthOf(problem);
  if (depth > limits.depth)
    return {
      pointer: '/problem',
      found: `${depth}`,
      allowed: `problems at most ${limits.depth} deep within each other`,
    };
  const problems = problemsIn(problem).length;
  if (problems > limits.problems)
    return { pointer: '/problem', found: `${problems}`, allowed: `at most ${limits.problems} problems in one` };
  return null;
}

/** What no single field's range can say. */
export function checkLimits(spec: JobSpec): FieldError[] {
  const errors: FieldError[] = [];
  const refuse = (pointer: string, found: unknown, allowed: string) =>
    errors.push({ pointer, found: JSON.stringify(found), allowed });
  const excess = checkNesting(spec.problem);
  // All that follows goes through the problems and their parameters.
  if (excess) return [excess];
  if (spec.kind === 'metatrain') {
    checkTraining(spec, refuse);
    const { groups, errors: misfits } = fit(spec.optimizer, spec.problem);
    for (const misfit of misfits) errors.push({ ...misfit, pointer: `/optimizer${misfit.pointer}` });
    // Sizes are known only where the optimizer fits.
    if (misfits.length === 0) checkOptimizer(spec, groups, refuse);
  }
  if (spec.comparison !== null) checkComparison(spec.comparison, spec.problem, refuse);
  return errors;
}

type Refuse = (pointer: string, found: unknown, allowed: string) => void;

function checkTraining({ problem, training }: MetatrainSpec, refuse: Refuse): void {
  const { functions, imitation, iterations, metaLoss, secondDerivatives, validation } = training;
  checkStages(training, refuse);
  if (imitation !== null && imitation.iterations > iterations)
    refuse('/training/imitation/iterations', imitation.iterations, `at most ${iterations}, all of training’s`);
  if (Array.isArray(metaLoss) && metaLoss.every((w) => w === 0))
    refuse('/training/metaLoss', metaLoss, 'numbers that are not all 0');
  const limited = problemsIn(problem).find((part) => familyOf(part).firstDerivativesOnly);
  if (secondDerivatives === 'exact' && limited)
    refuse('/training/secondDerivatives', 'exact', `"dropped": the problem "${limited.name}" has no Hessian product`);
  for (const [pointer, count, each] of [
    ['/training/functions', functions, functionFloats(problem, true)],
    ['/training/validation/functions', validation.functions, functionFloats(problem)],
  ] as const) {
    const floats = count * each;
    if (floats > limits.dataFloats)
      refuse(pointer, count, `functions of at most ${limits.dataFloats} floats in all (here ${floats})`);
  }
}

function checkOptimizer(spec: MetatrainSpec, groups: readonly Group[], refuse: Refuse): void {
  const { problem, optimizer, training } = spec;
  const { functions, secondDerivatives } = training;
  const weights = countGroupWeights(groups);
  if (weights > maxWeights)
    refuse(
      optimizer.name === 'lstm' ? '/optimizer/layers' : '/optimizer/groups',
      optimizer.name === 'lstm' ? optimizer.layers : `networks of ${weights} weights`,
      `layers of at most ${maxWeights} weights in all`,
    );
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

/** Floats that the longest unroll keeps of one of its functions. */
function keptByFunction({ engine, problem, training }: MetatrainSpec, groups: readonly Group[]): number {
  const { imitation, secondDerivatives } = training;
  const unroll = longestUnroll(training);
  // Should "auto" have to fall back to tfjs, tfjs says what does not fit.
  const fused = engine.name !== 'tfjs' && engine.backend === 'auto' && secondDerivatives === 'dropped';
  // Imitation keeps what the networks see, what they and the rule make of it, and the loss's slopes besides.
  const imitated = imitation === null ? 0 : 4 * unroll * coordinates(problem);
  return keptByUnroll(groups, unroll, fused) + imitated;
}

/** Bytes that a job holds at once, as the limits count them. */
export function memoryOf(spec: JobSpec): { unroll: number; functions: number; comparison: number } {
  const { problem, comparison } = spec;
  const floats = { unroll: 0, functions: 0, comparison: 0 };
  if (spec.kind === 'metatrain') {
    const { functions, validation } = spec.training;
    floats.unroll = functions * keptByFunction(spec, groupsOf(spec.optimizer, problem));
    floats.functions = Math.max(
      functions * functionFloats(problem, true),
      validation.functions * functionFloats(problem),
    );
  }
  if (comparison) {
    floats.functions = Math.max(floats.functions, comparison.tuning.functions * functionFloats(problem));
    // Three measures of each run, in double precision, beside the losses of one optimizer.
    floats.comparison = comparison.functions * (comparison.steps + 1 + 6 * optimizersIn(comparison));
  }
  return { unroll: 4 * floats.unroll, functions: 4 * floats.functions, comparison: 4 * floats.comparison };
}

/** The learned optimizer and the others, a tuned rule counted once for each measure. */
function optimizersIn({ baselines, tuning }: ComparisonSpec): number {
  const found = tunedMeasures(tuning).length;
  return baselines.reduce((n, b) => n + ('learningRate' in b && b.learningRate === 'tuned' ? found : 1), 1);
}

/**
 * Floats that an unroll of one function keeps. The fused engine, which is for networks over single coordinates, keeps a
 * gradient a step, and the state every twenty steps; tfjs, all that a step computes.
 */
function keptByUnroll(groups: readonly Group[], steps: number, native: boolean): number {
  const fused = native && groups.every(({ width }) => width === 1);
  return groups.reduce((sum, group) => sum + blocksOf(group) * keptByBlock(group, steps, fused), 0);
}

/** The same of one block of a group's coordinates. */
function keptByBlock({ optimizer, width }: Group, steps: number, fused: boolean): number {
  const network = optimizer.name === 'lstm' ? optimizer : { layers: [], inputProjection: null };
  const units = network.layers.reduce((a, b) => a + b, 0);
  if (fused) return steps + 2 * units * (2 + Math.ceil(steps / 20)) + 4;
  return steps * (9 * units + (network.inputProjection ?? 0) + 4 * width);
}

/** Steps of the longest unroll, in whichever stage. */
export function longestUnroll({ unroll, curriculum }: TrainingSpec): number {
  return Math.max(unroll, ...curriculum.map((stage) => stage.unroll));
}

function checkStages({ horizon, unroll, curriculum, metaLoss }: TrainingSpec, refuse: Refuse): void {
  let from = 0;
  for (const [i, stage] of [{ from, horizon, unroll }, ...curriculum].entries()) {
    const pointer = i === 0 ? '/training' : `/training/curriculum/${i - 1}`;
    if (i > 0 && stage.from <= from)
      refuse(`${pointer}/from`, stage.from, `more than ${from}, where the stage before begins`);
    from = stage.from;
    if (stage.horizon % stage.unroll !== 0)
      refuse(`${pointer}/unroll`, stage.unroll, `a divisor of the horizon, ${stage.horizon}`);
    if (Array.isArray(metaLoss) && metaLoss.length !== stage.unroll + 1)
      refuse(
        '/training/metaLoss',
        metaLoss.length,
        `${stage.unroll + 1} numbers, one more than the steps of the unroll at ${pointer}/unroll`,
      );
  }
}

function checkComparison(comparison: ComparisonSpec, problem: ProblemSpec, refuse: Refuse): void {
  const { functions, steps, baselines, tuning } = comparison;
  const losses = functions * (steps + 1);
  if (losses > limits.comparisonLosses)
    refuse(
      '/comparison/functions',
      functions,
      `at most ${limits.comparisonLosses} losses kept (here ${losses}: functions × (steps + 1))`,
    );
  const oversize = checkResultSize(comparison);
  if (oversize) refuse(oversize.pointer, steps, oversize.allowed);
  const optimizers = optimizersIn(comparison);
  if (functions * optimizers > limits.comparisonMeasures)
    refuse(
      '/comparison/functions',
      functions,
      `at most ${limits.comparisonMeasures} runs (here ${functions * optimizers}: functions × optimizers, a tuned rule counted once for each measure)`,
    );
  for (const [i, baseline] of baselines.entries()) {
    if (baseline.name === 'conjugate-gradients' && !isQuadratic(problem))
      refuse(
        `/comparison/baselines/${i}/name`,
        baseline.name,
        `a hand-written rule: conjugate gradients are for problems that are quadratic, and "${problem.name}" is not`,
      );
    const combinations = Object.entries(tuning.parameters).reduce(
      (n, [name, values]) => (name in baseline ? n * values.length : n),
      1,
    );
    if (combinations > limits.combinations)
      refuse(
        '/comparison/tuning/parameters',
        tuning.parameters,
        `at most ${limits.combinations} combinations for a rule (here ${combinations} for "${baseline.name}")`,
      );
  }
  const floats = tuning.functions * functionFloats(problem);
  if (floats > limits.dataFloats)
    refuse(
      '/comparison/tuning/functions',
      tuning.functions,
      `functions of at most ${limits.dataFloats} floats in all (here ${floats})`,
    );
}
