import type { NetworkSpec } from '../contract/networks/networks.js';
import type { GroupRule, LearnedSpec } from '../contract/optimizers.js';
import { ownersOf } from '../contract/patterns.js';
import { rules } from '../core/optimizers/registry.js';
import { format, gateOrder, plainKeys } from '../weights/format.js';
import { decodeSafetensors, FormatError } from '../weights/safetensors.js';
import { sizeOf } from '../weights/tensors.js';
import { type Network, type Parameter, type Slot, Weights } from './network.js';
import { isNetworkName, networkFrom, networkNames } from './networks.js';
import { ruleNetwork } from './rule.js';

export { FormatError } from '../weights/safetensors.js';
export type { Parameter } from './network.js';

/**
 * Runs trained optimizers, in plain TypeScript: Node or a browser, nothing else. docs/weights-format.md specifies the files
 * and every operation. Arithmetic is in double precision, states and updates are fp32.
 *
 *     const optimizer = load(bytes);
 *     const state = optimizer.init([{ name: 'kernel', shape: [784, 20] }, { name: 'bias', shape: [20] }]);
 *     for (;;) {
 *       const updates = optimizer.step(gradients, state, { values });
 *       values.forEach((value, p) => value.forEach((_, i) => { value[i] += updates[p][i]; }));
 *     }
 */

/** What an optimizer keeps between steps. A structured clone of it, or its JSON with its arrays restored, continues it. */
export interface State {
  readonly parameters: readonly Parameter[];
  /** Taken so far. */
  steps: number;
  /** Of each group; changed by each step. */
  readonly groups: readonly (readonly Float32Array[])[];
}

export interface StepOptions {
  /**
   * θ, a tensor per parameter, row-major. Needed by optimizers that see it ({@link LearnedOptimizer.seesValues}), and for a
   * weight decay.
   */
  readonly values?: readonly Float32Array[];
  /** α: multiplies the updates of networks; by default each network's usual one. */
  readonly learningRate?: number;
  /** λ: α λ θ is subtracted from the updates of networks; 0 unless given. */
  readonly weightDecay?: number;
  /** Receives the updates, in place of new arrays. */
  readonly updates?: readonly Float32Array[];
}

interface Group {
  /** Empty where the optimizer is a single network. */
  readonly name: string;
  /** Whether it is a network, whose learning rate the caller chooses. */
  readonly isLearned: boolean;
  readonly network: Network;
}

/**
 * Reads a trained optimizer from a safetensors file, as `GET /jobs/ID/weights` gives it.
 * @throws FormatError if it is none, or has something that this version does not know
 */
export function load(bytes: Uint8Array): LearnedOptimizer {
  const { tensors, metadata } = decodeSafetensors(bytes);
  for (const [key, expected] of Object.entries({ format, gateOrder }))
    if (metadata[key] !== expected)
      throw new FormatError(`metadata: ${key} is ${JSON.stringify(metadata[key])}, expected "${expected}"`);
  const known = Object.fromEntries(
    Object.entries(metadata).map(([key, text]) => [key, plainKeys.includes(key) ? text : parsed(key, text)]),
  );
  const left = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const spec = known.optimizer as LearnedSpec;
  const groups = groupsFrom(spec, (name) => new Weights(left, name === '' ? '' : `${name}/`));
  const [unexpected] = left.keys();
  if (unexpected !== undefined) throw new FormatError(`tensor ${unexpected} has no place in the optimizer's spec`);
  return new LearnedOptimizer(spec, known, groups);
}

function groupsFrom(spec: LearnedSpec | undefined, weightsOf: (group: string) => Weights): Group[] {
  if (spec?.name !== 'groups') return [{ name: '', isLearned: true, network: networkFrom(spec, weightsOf('')) }];
  return spec.groups.map(({ name, optimizer }) => {
    if (isNetworkName(optimizer.name))
      return { name, isLearned: true, network: networkFrom(optimizer as NetworkSpec, weightsOf(name)) };
    if (!Object.hasOwn(rules, optimizer.name))
      throw new FormatError(
        `optimizer of group "${name}" is ${JSON.stringify(optimizer.name)}, and this version knows ${[...networkNames, ...Object.keys(rules)].join(', ')}`,
      );
    return { name, isLearned: false, network: ruleNetwork(optimizer as GroupRule) };
  });
}

/** A trained optimizer. */
export class LearnedOptimizer {
  constructor(
    /** As in a job's document. */
    readonly spec: LearnedSpec,
    /** Everything that the file says of itself: problem, training, seed, … */
    readonly metadata: Readonly<Record<string, unknown>>,
    private readonly groups: readonly Group[],
  ) {}

  /**
   * The learning rate of its networks where a step names none: 1 for LSTMs, 0.001 for MLPs.
   * @throws RangeError if it has groups of both: then each takes its own, and there is no single one
   */
  get usualRate(): number {
    const rates = new Set(this.groups.flatMap(({ isLearned, network }) => (isLearned ? [network.usualRate] : [])));
    const [rate = 1] = rates;
    if (rates.size > 1)
      throw new RangeError(`groups have usual rates of ${[...rates].join(' and ')}: name a learning rate`);
    return rate;
  }

  /** Whether steps need θ. */
  get seesValues(): boolean {
    return this.groups.some(({ network }) => network.seesValues);
  }

  /**
   * The state before the first step.
   * @param parameters the tensors that θ consists of, named where the optimizer has groups
   * @throws RangeError if the optimizer does not fit them: the message says what would
   */
  init(parameters: readonly Parameter[]): State {
    const owned = this.parametersOf(parameters);
    const groups = this.groups.map(({ network }, g) => network.state(owned[g]!.map((p) => parameters[p]!.shape)));
    return { parameters, steps: 0, groups };
  }

  /**
   * One step.
   * @param gradients of each parameter, row-major; null where there is none: such a parameter and its state stay as they are
   * @param state of {@link init}; changed in place
   * @returns what is added to each parameter
   * @throws RangeError if there are other arrays, or arrays of other lengths, than the state has parameters
   */
  step(gradients: readonly (Float32Array | null)[], state: State, options: StepOptions = {}): Float32Array[] {
    const { parameters } = state;
    const { values, learningRate, weightDecay = 0 } = options;
    if (!values && (this.seesValues || weightDecay > 0))
      throw new RangeError(`values are missing: ${weightDecay > 0 ? 'a weight decay' : 'this optimizer'} needs θ`);
    const updates = options.updates ?? parameters.map(({ shape }) => new Float32Array(sizeOf(shape)));
    for (const [name, arrays] of Object.entries({ gradients, values, updates }))
      if (arrays) mustFit(name, arrays, parameters);
    const owned = this.parametersOf(parameters);
    for (const [g, { network, isLearned }] of this.groups.entries()) {
      const slots = owned[g]!.map(
        (p): Slot => ({
          shape: parameters[p]!.shape,
          gradient: gradients[p]!,
          value: values?.[p] ?? null,
          update: updates[p]!,
        }),
      );
      network.step(slots, state.groups[g]!, state.steps);
      for (const slot of slots)
        if (slot.gradient === null) slot.update.fill(0);
        else if (isLearned) scale(slot, learningRate ?? network.usualRate, weightDecay);
    }
    state.steps++;
    return [...updates];
  }

  /** The indices of each group's parameters. */
  private parametersOf(parameters: readonly Parameter[]): number[][] {
    const { spec } = this;
    if (spec.name !== 'groups') return [[...parameters.keys()]];
    const names = parameters.map(({ name }, p) => name ?? `parameter ${p}, without a name`);
    const { owners, errors } = ownersOf(spec.groups, names, 1);
    const [misfit] = errors;
    if (misfit) throw new RangeError(`${misfit.pointer} is ${misfit.found}, allowed: ${misfit.allowed}`);
    const free = owners.indexOf(undefined);
    if (free >= 0) throw new RangeError(`no group of this optimizer takes ${names[free]}: ${described(spec.groups)}`);
    return spec.groups.map((_, g) => [...parameters.keys()].filter((p) => owners[p] === g));
  }
}

/** u ← α (u - λ θ) */
function scale({ update, value }: Slot, rate: number, decay: number): void {
  if (decay > 0) for (let i = 0; i < update.length; i++) update[i] = rate * (update[i]! - decay * value![i]!);
  else if (rate !== 1) for (let i = 0; i < update.length; i++) update[i]! *= rate;
}

function mustFit(what: string, arrays: readonly (Float32Array | null)[], parameters: readonly Parameter[]): void {
  if (arrays.length !== parameters.length)
    throw new RangeError(`${what}: ${arrays.length} arrays, and the state has ${parameters.length} parameters`);
  for (const [p, { name, shape }] of parameters.entries())
    if ((arrays[p]?.length ?? sizeOf(shape)) !== sizeOf(shape))
      throw new RangeError(
        `${what}[${p}] has ${arrays[p]!.length} numbers, and ${name ?? 'the parameter'} [${shape}] has ${sizeOf(shape)}`,
      );
}

function described(groups: readonly { readonly name: string; readonly parameters: readonly string[] }[]): string {
  return groups.map(({ name, parameters }) => `"${name}" takes ${parameters.join(', ')}`).join('; ');
}

function parsed(key: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new FormatError(`${key} is not JSON`);
  }
}
