import type { LstmSpec } from '../../../contract/networks/lstm.js';
import type { FunctionBatch } from '../../problems/batch.js';
import type { Episode, EpisodeState, UnrollOptions } from '../engine.js';
import type { LoadedAddon, NetworkNumbers } from './addon.js';
import { evaluationCost, functionArguments, networkNumbers, objectiveNumbers } from './arguments.js';
import { type States, stateSize } from './states.js';
import { droppedOnly } from './support.js';

/** Maximum steps per call: the rows of their mini-batches are drawn in advance, and take memory. */
const longestCall = 1000;

/** Functions that have kernels: a call computes a whole unroll. */
export class FusedEpisode implements Episode {
  private readonly network: NetworkNumbers;
  private readonly theta: Float32Array;
  private readonly hidden: Float32Array;
  /** Steps taken; before the first, `hidden` is all zeros. */
  private step: number;

  constructor(
    private readonly native: LoadedAddon,
    private readonly states: States,
    optimizer: LstmSpec,
    private readonly batch: FunctionBatch,
    state?: EpisodeState,
  ) {
    this.network = networkNumbers(optimizer);
    this.theta = (state?.theta ?? batch.start).slice();
    this.hidden = states.take(stateSize(optimizer) * this.theta.length);
    if (state) this.hidden.set(state.hidden);
    this.step = state?.step ?? 0;
  }

  async advance(phi: Float32Array, steps: number): Promise<Float32Array> {
    const losses = new Float32Array((steps + 1) * this.batch.count);
    for (let done = 0; done < steps; ) {
      const part = Math.min(steps - done, longestCall);
      losses.set(await this.run(phi, part, null, null), done * this.batch.count);
      done += part;
    }
    return losses;
  }

  async unroll(phi: Float32Array, options: UnrollOptions) {
    droppedOnly(options.secondDerivatives);
    const gradient = new Float32Array(phi.length);
    const losses = await this.run(phi, options.steps, options, gradient);
    return { losses, gradient };
  }

  private async run(phi: Float32Array, steps: number, options: UnrollOptions | null, gradient: Float32Array | null) {
    const { network, theta, hidden, batch } = this;
    const { addon, calls } = this.native;
    const functions = functionArguments(batch, this.step, steps + 1);
    const fresh = this.step === 0;
    const losses = new Float32Array((steps + 1) * batch.count);
    const weights = options && Float64Array.from(options.weights);
    const objective = objectiveNumbers[options?.objective?.name ?? 'loss'];
    const initial = options?.objective?.name === 'relative' ? options.objective.initial : null;
    // Back-propagation repeats the forward pass, and does two products for each one of it.
    const passes = gradient ? 4 : 1;
    const operations = steps * (evaluationCost(batch) + passes * theta.length * phi.length);
    await calls.make(operations, (background) =>
      addon.unroll(
        background,
        network,
        ...functions,
        phi,
        steps,
        theta,
        hidden,
        fresh,
        losses,
        weights,
        objective,
        initial,
        gradient,
      ),
    );
    this.step += steps;
    return losses;
  }

  async state(): Promise<EpisodeState> {
    return { theta: this.theta, hidden: this.hidden, step: this.step };
  }

  dispose(): void {
    this.states.give(this.hidden);
  }
}
