import type { NetworkName, NetworkSpec } from '../contract/networks/networks.js';
import { FormatError } from '../weights/safetensors.js';
import { lstm } from './lstm.js';
import { mlp } from './mlp.js';
import type { Network, Weights } from './network.js';

const networks = { lstm, mlp } satisfies Record<NetworkName, unknown>;

export const networkNames = Object.keys(networks);

export function isNetworkName(name: string): name is NetworkName {
  return Object.hasOwn(networks, name);
}

/** @throws FormatError if it is none that is known here, or its tensors do not match it */
export function networkFrom(spec: NetworkSpec | undefined, weights: Weights): Network {
  if (!isNetworkName(spec?.name ?? ''))
    throw new FormatError(
      `optimizer.name is ${JSON.stringify(spec?.name)}, and this version knows ${networkNames.join(', ')}, groups`,
    );
  return (networks[spec!.name] as (spec: NetworkSpec, weights: Weights) => Network)(spec!, weights);
}
