import { type Group, groupsOf, isNetwork, type NetworkGroup } from '../contract/groups.js';
import { countNetworkWeights, isNetworkSpec, weightsOf } from '../contract/networks/networks.js';
import type { LearnedSpec } from '../contract/optimizers.js';
import type { ProblemSpec } from '../contract/problems.js';
import { type NamedTensor, sizeOf } from './tensors.js';

/** Name and shape of one tensor of φ. */
export interface WeightShape {
  readonly name: string;
  readonly shape: readonly number[];
}

/** What determines the tensors of a network. */
export type SizedNetwork = Pick<NetworkGroup, 'name' | 'optimizer' | 'width'>;

/**
 * The tensors of a learned optimizer's weights φ, in the order in which a flat φ concatenates them.
 * docs/weights-format.md says what each one means.
 * @param problem the problem that they are trained on
 */
export function weightShapes(optimizer: LearnedSpec, problem: ProblemSpec): WeightShape[] {
  return shapesOf(groupsOf(optimizer, problem).filter(isNetwork));
}

/** The same, for networks whose widths are known. */
export function shapesOf(networks: readonly SizedNetwork[]): WeightShape[] {
  return networks.flatMap((network) =>
    weightsOf(network.optimizer, network.width).map(({ name, shape }) => ({ name: tensorName(network, name), shape })),
  );
}

/** The networks of an optimizer, group by group, whatever the problem. */
export function networksOf(optimizer: LearnedSpec): Omit<SizedNetwork, 'width'>[] {
  if (isNetworkSpec(optimizer)) return [{ name: '', optimizer }];
  return optimizer.groups.flatMap(({ name, optimizer }) => (isNetworkSpec(optimizer) ? [{ name, optimizer }] : []));
}

export function tensorName({ name }: Pick<NetworkGroup, 'name'>, tensor: string): string {
  return name === '' ? tensor : `${name}/${tensor}`;
}

/** The flat φ: the tensors' values one after the other, copied. */
export function flattenWeights(tensors: readonly NamedTensor[]): Float32Array {
  const flat = new Float32Array(tensors.reduce((sum, t) => sum + t.data.length, 0));
  let offset = 0;
  for (const { data } of tensors) {
    flat.set(data, offset);
    offset += data.length;
  }
  return flat;
}

/**
 * The tensors of a flat φ, as views into it.
 * @throws RangeError if φ does not have the length of the optimizer's weights
 */
export function splitWeights(optimizer: LearnedSpec, problem: ProblemSpec, flat: Float32Array): NamedTensor[] {
  const groups = groupsOf(optimizer, problem);
  const slices = weightsByGroup(groups, flat);
  return groups.flatMap((group, i) =>
    isNetwork(group)
      ? splitNetwork(group, slices[i]!).map((tensor) => ({ ...tensor, name: tensorName(group, tensor.name) }))
      : [],
  );
}

/**
 * Each group's part of a flat φ, as a view into it; empty for a rule.
 * @throws RangeError if φ does not have the length of the groups' weights
 */
export function weightsByGroup(groups: readonly Group[], flat: Float32Array): Float32Array[] {
  let offset = 0;
  const slices = groups.map((group) => {
    const count = isNetwork(group) ? countNetworkWeights(group.optimizer, group.width) : 0;
    offset += count;
    return flat.subarray(offset - count, offset);
  });
  if (flat.length !== offset) throw new RangeError(`φ has ${flat.length} floats; this optimizer has ${offset} weights`);
  return slices;
}

/** The tensors of one network's φ, as views into it; their names lack the group's. */
export function splitNetwork(group: NetworkGroup, flat: Float32Array): NamedTensor[] {
  let offset = 0;
  return weightsOf(group.optimizer, group.width).map(({ name, shape }) => {
    const data = flat.subarray(offset, offset + sizeOf(shape));
    offset += data.length;
    return { name, shape, data };
  });
}
