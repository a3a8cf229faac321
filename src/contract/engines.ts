import { blocksOf, type Group, isNetwork } from './groups.js';
import { isNetworkSpec, type NetworkSpec, networkContract } from './networks/networks.js';
import type { LearnedSpec } from './optimizers.js';
import { familyOf, type ProblemSpec, problemsIn } from './problems.js';
import type { EngineSpec, JobSpec } from './spec.js';

export type EngineName = Exclude<EngineSpec['name'], 'auto'>;

/** What is known of an engine before a machine runs it: the jobs that it accepts, and the memory that it takes. */
export interface EngineContract {
  readonly name: EngineName;
  /**
   * Why it does not run a job, on any machine: a sentence that says what to do. Null if it does.
   * @param optimizer the learned optimizer that the job trains or names, if known
   */
  refuses(job: JobSpec, optimizer: LearnedSpec | undefined): string | null;
  /** Floats that an unroll of one function keeps. */
  keptFloats(groups: readonly Group[], steps: number): number;
}

/**
 * Steps between the states that the native engine keeps for a backward pass, which computes the others again, a block of
 * coordinates at a time.
 */
export const stepsBetweenStates = 20;

const native: EngineContract = {
  name: 'native',
  refuses(job, optimizer) {
    if (job.kind === 'metatrain' && job.training.secondDerivatives !== 'dropped') return exactNeedsTfjs;
    if (optimizer === undefined) return null;
    return withoutKernels(optimizer) ?? (job.engine.precision === 'bf16' ? withoutBf16(optimizer) : null);
  },
  /** A gradient per step, and the states. */
  keptFloats: (groups, steps) =>
    sum(groups, (group) => {
      // Without a backward pass, there are the states before a step and after it.
      const back = !isNetwork(group) || networkContract(group.optimizer).backward;
      const states = back ? 2 + Math.ceil(steps / stepsBetweenStates) : 2;
      return blocksOf(group) * ((back ? steps : 0) + 4) + stateFloats(group) * states;
    }),
};

const tfjs: EngineContract = {
  name: 'tfjs',
  refuses(job) {
    if (job.engine.precision === 'bf16') return bf16NeedsNative;
    if (job.kind !== 'metatrain' || job.training.secondDerivatives === 'dropped') return null;
    const without = problemsIn(job.problem).find((problem) => familyOf(problem).firstDerivativesOnly);
    return without ? needsHessianProduct(without) : null;
  },
  /** All that a step computes. */
  keptFloats: (groups, steps) =>
    sum(groups, (group) => {
      if (!isNetwork(group)) return blocksOf(group) * steps * 4 * group.width;
      const { backward, computedFloats } = networkContract(group.optimizer);
      const computed = blocksOf(group) * computedFloats(group.optimizer, group.width);
      return backward ? steps * computed : computed + 2 * stateFloats(group);
    }),
};

/** The fastest first. */
export const engineContracts: readonly EngineContract[] = [native, tfjs];

/** @throws RangeError if there is none of that name */
export function engineContract(name: string): EngineContract {
  const found = engineContracts.find((engine) => engine.name === name);
  if (!found) throw new RangeError(`there is no engine "${name}"`);
  return found;
}

/** The engines that a document allows, the fastest first. With "auto", bf16 means native, or else a named backend tfjs. */
export function enginesFor<E extends EngineContract>(
  { name, backend, precision }: EngineSpec,
  engines: readonly E[],
): E[] {
  const meant = precision === 'bf16' ? 'native' : backend === 'auto' ? 'auto' : 'tfjs';
  const wanted = name === 'auto' ? meant : name;
  return engines.filter((engine) => wanted === 'auto' || engine.name === wanted);
}

/**
 * The engine that a job presumably runs on: the fastest that accepts it, as if every machine had all. If a machine lacks
 * it, the next one reports what does not fit.
 */
export function presumedEngine(job: JobSpec, optimizer: LearnedSpec): EngineContract {
  return enginesFor(job.engine, engineContracts).find((engine) => engine.refuses(job, optimizer) === null) ?? tfjs;
}

/** Why the native engine refuses exact second derivatives. */
export const exactNeedsTfjs =
  'training.secondDerivatives: "exact" runs only on the tfjs engine (engine.name "auto" or "tfjs").';

/** Why the tfjs engine refuses products in bfloat16. */
export const bf16NeedsNative =
  'engine.precision: "bf16" runs only on the native engine (engine.name "auto" or "native").';

/** Why an optimizer has no products in bfloat16; null if it has. */
export function withoutBf16(optimizer: LearnedSpec): string | null {
  const other = networksOf(optimizer).find(({ name }) => name !== 'mlp');
  return other ? `engine.precision: "bf16" is for the optimizer "mlp", not for "${other.name}"; use "fp32".` : null;
}

/** Why a problem without Hessian products has no exact second derivatives. */
export function needsHessianProduct({ name }: ProblemSpec): string {
  return `training.secondDerivatives: "exact" needs products with the Hessian, which the problem "${name}" does not have; use "dropped".`;
}

/** Why the native engine does not run an optimizer's networks; null if it does. */
export function withoutKernels(optimizer: LearnedSpec): string | null {
  const reasons = networksOf(optimizer).map((network) => networkContract(network).withoutKernels(network));
  return reasons.find((reason) => reason !== null) ?? null;
}

/** The networks of all groups. */
export function networksOf(optimizer: LearnedSpec): NetworkSpec[] {
  const parts = optimizer.name === 'groups' ? optimizer.groups.map((group) => group.optimizer) : [optimizer];
  return parts.filter(isNetworkSpec);
}

function sum(groups: readonly Group[], kept: (group: Group) => number): number {
  return groups.reduce((total, group) => total + kept(group), 0);
}

/** Floats of a network's state per function; 0 for a rule. */
export function stateFloats(group: Group): number {
  if (!isNetwork(group)) return 0;
  const arrays = networkContract(group.optimizer).state(group.optimizer, group.parameters);
  return arrays.reduce((total, { rows, items }) => total + rows * items, 0);
}
