import type { NetworkName, NetworkSpec } from '../../../../contract/networks/networks.js';
import { type LstmTrace, type LstmWeights, lstm } from './lstm.js';
import { type MlpTrace, type MlpWeights, mlp } from './mlp.js';
import type { TfjsNetwork } from './network.js';

/** A network's weights as tensors, and its traces: those of the network that made them. */
export type Net = LstmWeights | MlpWeights;
export type Trace = LstmTrace | MlpTrace;

const networks = { lstm, mlp } satisfies Record<NetworkName, unknown>;

/** The network that a spec names. Its methods take that spec, and what they returned themselves. */
export function tfjsNetwork(spec: NetworkSpec): TfjsNetwork<NetworkSpec, Net, Trace> {
  return networks[spec.name] as unknown as TfjsNetwork<NetworkSpec, Net, Trace>;
}
