import type { FieldError } from './errors.js';
import type { LearnedSpec } from './optimizers.js';
import { coordinates, familyOf, type ProblemSpec, partsOf, problemsIn } from './problems.js';
import type { ComparisonSpec, JobSpec, MetatrainSpec } from './spec.js';

/** Weights φ (256 MiB with the meta-optimizer's moments). */
export const maxWeights = 2 ** 24;

/** Limits on products of sizes: each field may be within its own range, and the whole still not fit a machine. */
const limits = {
  /** Floats that an unroll keeps for its backward pass: 2 GiB, of the 4 that the wasm heap can have. */
  unrollFloats: 2 ** 29,
  /** Floats of sampled data held at once: W, y and the like (1 GiB). */
  dataFloats: 2 ** 28,
  /** Losses that a comparison keeps, functions × (steps + 1) × optimizers (512 MiB). */
  comparisonLosses: 2 ** 27,
  /** Problems within each other, and in all. What is drawn at every step has 16 streams. */
  depth: 4,
  problems: 16,
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

/** Inputs that an optimizer's network has for each coordinate. */
export function preprocessedWidth(optimizer: LearnedSpec): number {
  return optimizer.preprocess.name === 'none' ? 1 : 2;
}

/** Weights φ of a learned optimizer. */
export function countWeights(optimizer: LearnedSpec): number {
  let width = preprocessedWidth(optimizer);
  let count = 0;
  if (optimizer.inputProjection !== null) {
    count += (width + 1) * optimizer.inputProjection;
    width = optimizer.inputProjection;
  }
  for (const units of optimizer.layers) {
    count += (width + units + 1) * 4 * units;
    width = units;
  }
  return count + width + 1;
}

/** What no single field's range can say. */
export function checkLimits(spec: JobSpec): FieldError[] {
  const errors: FieldError[] = [];
  const refuse = (pointer: string, found: unknown, allowed: string) =>
    errors.push({ pointer, found: JSON.stringify(found), allowed });
  const depth = depthOf(spec.problem);
  if (depth > limits.depth) refuse('/problem', depth, `problems at most ${limits.depth} deep within each other`);
  const problems = problemsIn(spec.problem).length;
  if (problems > limits.problems) refuse('/problem', problems, `at most ${limits.problems} problems in one`);
  if (spec.kind === 'metatrain') checkTraining(spec, refuse);
  if (spec.comparison !== null) checkComparison(spec.comparison, spec.problem, refuse);
  return errors;
}

type Refuse = (pointer: string, found: unknown, allowed: string) => void;

function checkTraining({ engine, problem, optimizer, training }: MetatrainSpec, refuse: Refuse): void {
  const { horizon, unroll, functions, metaLoss, secondDerivatives, validation } = training;
  if (horizon % unroll !== 0) refuse('/training/unroll', unroll, `a divisor of the horizon, ${horizon}`);
  if (Array.isArray(metaLoss) && metaLoss.length !== unroll + 1)
    refuse('/training/metaLoss', metaLoss.length, `${unroll + 1} numbers, one more than the unroll's steps`);
  if (Array.isArray(metaLoss) && metaLoss.every((w) => w === 0))
    refuse('/training/metaLoss', metaLoss, 'numbers that are not all 0');
  if (countWeights(optimizer) > maxWeights)
    refuse('/optimizer/layers', optimizer.layers, `layers of at most ${maxWeights} weights in all`);
  const units = optimizer.layers.reduce((a, b) => a + b, 0);
  // The fused engine keeps a gradient a step, and the state every twenty steps; tfjs, all that a step computes. Should
  // "auto" have to fall back to tfjs, tfjs says what does not fit.
  const fused = engine.name !== 'tfjs' && engine.backend === 'auto' && secondDerivatives === 'dropped';
  const each = fused
    ? unroll + 2 * units * (2 + Math.ceil(unroll / 20)) + 4
    : unroll * (9 * units + (optimizer.inputProjection ?? 0) + 4);
  const kept = coordinates(problem) * functions * each;
  if (kept > limits.unrollFloats)
    refuse(
      '/training/functions',
      functions,
      `at most ${limits.unrollFloats} floats kept by an unroll (here ${kept}: coordinates × functions × ${each} for ${unroll} steps of ${units} units)`,
    );
  for (const [pointer, count, each] of [
    ['/training/functions', functions, functionFloats(problem, true)],
    ['/training/validation/functions', validation.functions, functionFloats(problem)],
  ] as const) {
    const floats = count * each;
    if (floats > limits.dataFloats)
      refuse(pointer, count, `functions of at most ${limits.dataFloats} floats in all (here ${floats})`);
  }
}

function checkComparison(comparison: ComparisonSpec, problem: ProblemSpec, refuse: Refuse): void {
  const { functions, steps, baselines, tuning } = comparison;
  const losses = functions * (steps + 1) * (baselines.length + 1);
  if (losses > limits.comparisonLosses)
    refuse(
      '/comparison/functions',
      functions,
      `at most ${limits.comparisonLosses} losses kept (here ${losses}: functions × (steps + 1) × optimizers)`,
    );
  const floats = tuning.functions * functionFloats(problem);
  if (floats > limits.dataFloats)
    refuse(
      '/comparison/tuning/functions',
      tuning.functions,
      `functions of at most ${limits.dataFloats} floats in all (here ${floats})`,
    );
}
