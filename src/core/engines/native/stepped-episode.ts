import type { LearnedSpec } from '../../../contract/optimizers.js';
import type { FunctionBatch } from '../../problems/batch.js';
import type { Episode, EpisodeState, OpenFunctions, UnrollOptions } from '../engine.js';
import type { LoadedAddon } from './addon.js';
import { type States, stateSize } from './states.js';
import { SteppedNetwork } from './stepped-network.js';
import { droppedOnly } from './support.js';

/** Functions that are evaluated elsewhere, between the steps of the fused network. */
export class SteppedEpisode implements Episode {
  private readonly network: SteppedNetwork;
  private readonly theta: Float32Array;
  /** Steps taken. */
  private step: number;

  /** @param functions those of the batch; disposed of with the episode */
  constructor(
    native: LoadedAddon,
    private readonly states: States,
    optimizer: LearnedSpec,
    private readonly batch: FunctionBatch,
    private readonly functions: OpenFunctions,
    state?: EpisodeState,
  ) {
    this.theta = (state?.theta ?? batch.start).slice();
    this.step = state?.step ?? 0;
    const hidden = states.take(stateSize(optimizer) * this.theta.length);
    if (state) hidden.set(state.hidden);
    this.network = new SteppedNetwork(native, optimizer, this.theta.length, hidden, this.step === 0);
  }

  async advance(phi: Float32Array, steps: number): Promise<Float32Array> {
    return (await this.forward(phi, steps)).losses;
  }

  async unroll(phi: Float32Array, { steps, weights, secondDerivatives }: UnrollOptions) {
    droppedOnly(secondDerivatives);
    this.network.keep(steps);
    const { losses, last } = await this.forward(phi, steps);
    const each = weights.map((w) => w / this.batch.count);
    return { losses, gradient: await this.network.back(phi, last, each) };
  }

  /** @returns f(θ_t) [steps + 1, B], and ∇f(θ_steps) */
  private async forward(phi: Float32Array, steps: number) {
    const { network, theta, functions, batch } = this;
    const all = new Float32Array((steps + 1) * batch.count);
    for (let t = 0; ; t++) {
      const { losses, gradient, observed = gradient } = await functions.evaluate(theta, this.step + t);
      all.set(losses, t * batch.count);
      if (t === steps) {
        this.step += steps;
        return { losses: all, last: gradient };
      }
      await network.step(phi, observed, theta, gradient);
    }
  }

  async state(): Promise<EpisodeState> {
    return { theta: this.theta.slice(), hidden: this.network.hidden.slice(), step: this.step };
  }

  dispose(): void {
    this.functions.dispose();
    this.states.give(this.network.hidden);
  }
}
