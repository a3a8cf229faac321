import { type LstmSpec, lstm } from './lstm.js';
import { type MlpSpec, mlp } from './mlp.js';
import type { NetworkContract, WeightTensor } from './network.js';

/** The kinds of networks. `src/core/engines/` has each under the same name. */
export type NetworkSpec = LstmSpec | MlpSpec;
export type NetworkName = NetworkSpec['name'];
export type NetworkOf<N extends NetworkName> = Extract<NetworkSpec, { name: N }>;

const networks: { readonly [N in NetworkName]: NetworkContract<NetworkOf<N>> } = { lstm, mlp };

export const networkNames = Object.keys(networks) as readonly NetworkName[];

/** Whether an optimizer is a network, and no hand-designed optimizer or list of groups. */
export function isNetworkSpec(optimizer: { readonly name: string }): optimizer is NetworkSpec {
  return Object.hasOwn(networks, optimizer.name);
}

/** What all networks of that name have in common. */
export function networkOf(name: NetworkName): Pick<NetworkContract<NetworkSpec>, 'title' | 'backward'> {
  return networks[name];
}

/** The contract of the network that a spec names. Its methods take that spec. */
export function networkContract(spec: NetworkSpec): NetworkContract<NetworkSpec> {
  return networks[spec.name] as NetworkContract<NetworkSpec>;
}

/** Why a training by back-propagation is refused. */
export function withoutBackward(name: NetworkName): string {
  return `optimizer: back-propagation cannot pass through "${name}"; choose evolution strategies, "es", "pes" or "nres", as training.estimator.`;
}

/** Tensors of a network over blocks of `width` coordinates. */
export function weightsOf(spec: NetworkSpec, width: number): WeightTensor[] {
  return networkContract(spec).weights(spec, width);
}

/** Weights of a network over blocks of `width` coordinates. */
export function countNetworkWeights(spec: NetworkSpec, width: number): number {
  return weightsOf(spec, width).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
}
