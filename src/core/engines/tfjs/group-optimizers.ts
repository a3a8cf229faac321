import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { type Group, groupsOf, isNetwork, type NetworkGroup, type RuleGroup } from '../../../contract/groups.js';
import { networkContract, withoutBackward } from '../../../contract/networks/networks.js';
import type { LearnedSpec } from '../../../contract/optimizers.js';
import type { StepRates } from '../../../contract/use.js';
import { weightsByGroup } from '../../../weights/shapes.js';
import { ruleOf } from '../../optimizers/registry.js';
import type { RuleState } from '../../optimizers/rule.js';
import type { FunctionBatch } from '../../problems/batch.js';
import { joined } from '../../problems/joined.js';
import type { Tf } from '../../problems/problem.js';
import { type OpenLoopState, Unsupported } from '../engine.js';
import { Blocks } from './blocks.js';
import type { NetworkState, Seen } from './networks/network.js';
import { type Net, type Trace, tfjsNetwork } from './networks/networks.js';
import { tensorsIn } from './tensors.js';

/** Per group, its network with weights φ; null for a rule. */
export type Networks = readonly (Net | null)[];

/** The state of the backward pass. */
export type Back = {
  /** dL/d(state) per group; empty where it is 0. */
  dHidden: NetworkState[];
  /** dL/dφ so far per group, in parts. */
  total: Tensor[][];
};

/** A learned optimizer's groups on a batch: their networks, their rules and the states of both. */
export class GroupOptimizers {
  /** B */
  private readonly functions: number;
  private readonly groups: Group[];
  private readonly blocks: Blocks;
  /** Per group; empty for a rule. */
  private hidden: NetworkState[];
  /** Per group; null for a network. */
  private readonly rules: (RuleState | null)[];

  private readonly rates: StepRates | undefined;

  /** @param options the state to resume from, without it a fresh one; and the learning rates of networks */
  constructor(
    private readonly tf: Tf,
    optimizer: LearnedSpec,
    batch: FunctionBatch,
    { state, rates }: { state?: OpenLoopState | undefined; rates?: StepRates | undefined } = {},
  ) {
    this.rates = rates;
    this.functions = batch.count;
    this.groups = groupsOf(optimizer, batch.problem);
    this.blocks = new Blocks(tf, this.groups, batch.count);
    this.hidden = this.groups.map((group) => (isNetwork(group) ? this.freshState(group) : []));
    this.rules = this.groups.map((group, i) =>
      isNetwork(group) ? null : ruleOf(group.optimizer).init(this.blocks.counts[i]!),
    );
    if (state) this.restore(state);
  }

  private freshState({ optimizer, parameters }: NetworkGroup): NetworkState {
    const arrays = networkContract(optimizer).state(optimizer, parameters);
    return arrays.map(({ rows, items }) => this.tf.zeros([rows, items * this.functions]));
  }

  /** The state; {@link updates} does not change it, {@link keep} replaces it. */
  get now(): readonly NetworkState[] {
    return this.hidden;
  }

  /** Replaces the state. */
  keep(hidden: NetworkState[]): void {
    this.tf.dispose(tensorsIn(this.hidden));
    this.hidden = hidden;
  }

  networks(phi: Float32Array): Networks {
    const { tf, groups, functions } = this;
    const weights = weightsByGroup(groups, phi);
    return groups.map((group, i) => {
      if (!isNetwork(group)) return null;
      return tfjsNetwork(group.optimizer).load(tf, group.optimizer, weights[i]!, { ...group, functions });
    });
  }

  /**
   * The groups' updates for a gradient [B, d]; rules change their states in place.
   * @param theta [B, d]; null in open loop, where rules take no step
   * @param step steps taken so far
   */
  updates(nets: Networks, theta: Tensor2D | null, gradient: Tensor2D, step: number, hidden: readonly NetworkState[]) {
    const { tf, groups, blocks, rules } = this;
    const gradients = blocks.cut(gradient);
    const thetas = theta && blocks.cut(theta);
    const taken = groups.map((group, i) => {
      if (isNetwork(group)) {
        const seen = { gradient: gradients[i]!, theta: thetas && thetas[i]!, step };
        const taken = tfjsNetwork(group.optimizer).step(tf, group.optimizer, nets[i]!, seen, hidden[i]!);
        return { ...taken, update: this.scaled(group, taken.update, seen) };
      }
      const update = thetas
        ? ruleStep(tf, group, rules[i]!, gradients[i]!, thetas[i]!)
        : tf.zerosLike<Tensor2D>(gradients[i]!);
      return { update, state: [], trace: undefined };
    });
    return {
      update: blocks.join(taken.map(({ update }) => update)),
      hidden: taken.map(({ state }): NetworkState => state),
      traces: taken.map(({ trace }) => trace),
    };
  }

  /** α (u - λ θ) for a network's update u. */
  private scaled({ optimizer }: NetworkGroup, update: Tensor2D, { theta, step }: Seen): Tensor2D {
    const { tf, rates } = this;
    const rate = rates ? rates.at(step) : networkContract(optimizer).usualRate;
    const decayed =
      rates && rates.weightDecay > 0 ? tf.sub<Tensor2D>(update, tf.mul(theta!, rates.weightDecay)) : update;
    return rate === 1 ? decayed : tf.mul(decayed, rate);
  }

  /**
   * @throws Unsupported if back-propagation cannot pass through a network
   * @throws RangeError if the run has learning rates of its own
   */
  checkBackward(): void {
    if (this.rates) throw new RangeError('back-propagation takes the usual learning rates');
    const through = this.groups.filter(isNetwork).find(({ optimizer }) => !tfjsNetwork(optimizer).back);
    if (through) throw new Unsupported(withoutBackward(through.optimizer.name));
  }

  /** The start of the backward pass. */
  get end(): Back {
    const none = this.groups.map(() => []);
    return { dHidden: none, total: none };
  }

  /**
   * The backward pass through a step. A rule has no weights, and its updates are constants.
   * @param dUpdate dL/dupdate [B, d]
   * @param wantInput whether to compute dL/dgradient [B, d] too; only without rules
   */
  back(
    nets: Networks,
    traces: readonly (Trace | undefined)[],
    dUpdate: Tensor2D,
    before: Back,
    wantInput: boolean,
  ): Back & { dGradient: Tensor2D | null } {
    const { tf, groups, blocks } = this;
    const dUpdates = blocks.cut(dUpdate);
    const back = groups.map((group, i) => {
      if (!isNetwork(group)) return { weights: [], dState: [], dGradient: null };
      const { optimizer } = group;
      const network = tfjsNetwork(optimizer);
      return network.back!(tf, optimizer, nets[i]!, traces[i]!, dUpdates[i]!, before.dHidden[i]!, wantInput);
    });
    const total = back.map(({ weights }, i) =>
      weights.map((part, j): Tensor => (before.total[i]![j] ? tf.add(before.total[i]![j]!, part) : part)),
    );
    const dGradient = wantInput ? blocks.join(back.map(({ dGradient }) => dGradient!)) : null;
    return { dHidden: back.map(({ dState }) => dState), total, dGradient };
  }

  /** In {@link EpisodeState}'s layout. */
  async state(): Promise<Float32Array> {
    const parts: Float32Array[] = [];
    for (const [i, hidden] of this.hidden.entries()) {
      for (const array of hidden) parts.push(await array.data<'float32'>());
      parts.push(...(this.rules[i]?.vectors ?? []));
    }
    return joined(parts);
  }

  /** Restores a result of {@link state}. */
  private restore({ hidden, step }: OpenLoopState): void {
    const { tf, rules } = this;
    let offset = 0;
    const take = (size: number) => {
      offset += size;
      return hidden.slice(offset - size, offset);
    };
    const restored = this.hidden.map((arrays, i) => {
      for (const vector of rules[i]?.vectors ?? []) vector.set(take(vector.length));
      return arrays.map(({ size, shape }) => tf.tensor2d(take(size), shape));
    });
    this.keep(restored);
    for (const state of rules) if (state) state.steps = step;
  }

  dispose(): void {
    this.blocks.dispose();
    this.tf.dispose(tensorsIn(this.hidden));
  }
}

/** dL/dφ from the parts that the backward pass gave, which are disposed of. */
export async function gradientOf(tf: Tf, parts: readonly Tensor[]): Promise<Float32Array> {
  const values: Float32Array[] = [];
  for (const part of parts) values.push(await part.data<'float32'>());
  tf.dispose([...parts]);
  return joined(values);
}

/** A hand-designed rule's update [1, N]; its state is changed in place. */
function ruleStep(tf: Tf, group: RuleGroup, state: RuleState, gradient: Tensor2D, theta: Tensor2D): Tensor2D {
  const { optimizer, parameters } = group;
  const update = new Float32Array(gradient.size);
  const [g, x] = [gradient.dataSync<'float32'>(), theta.dataSync<'float32'>()];
  ruleOf(optimizer).update(optimizer, g, state, update, x, parameters);
  return tf.tensor2d(update, gradient.shape);
}
