import { stepsBetweenStates } from '../../../contract/engines.js';
import type { LstmSpec } from '../../../contract/networks/lstm.js';
import type { StepRates } from '../../../contract/use.js';
import type { FunctionBatch } from '../../problems/batch.js';
import type { Episode, EpisodeOptions, EpisodeState, UnrollOptions } from '../engine.js';
import type { LoadedAddon } from './addon.js';
import { evaluationCost, functionsDescriptor, networkDescriptor, ratesOf, rowsOf, stateSize } from './arguments.js';
import type { Descriptor } from './fields.js';
import { NativeHandle } from './handle.js';
import { droppedOnly } from './support.js';

/** Maximum steps per call: the rows of their mini-batches are drawn in advance, and take memory. */
const longestCall = 1000;

/** Functions that have kernels: a call computes a whole unroll. */
export class FusedEpisode implements Episode {
  private readonly handle: NativeHandle;
  private readonly rates: StepRates | undefined;
  private readonly coordinates: number;
  private readonly stateSize: number;
  /** Steps taken. */
  private step: number;

  constructor(
    native: LoadedAddon,
    optimizer: LstmSpec,
    private readonly batch: FunctionBatch,
    { state, rates }: EpisodeOptions = {},
  ) {
    this.step = state?.step ?? 0;
    this.rates = rates;
    this.coordinates = batch.count * batch.dimension;
    this.stateSize = stateSize(optimizer) * this.coordinates;
    this.handle = new NativeHandle(native, {
      kind: 'lstm-episode',
      network: networkDescriptor(optimizer),
      functions: functionsDescriptor(batch),
      segment: stepsBetweenStates,
      theta: state?.theta ?? batch.start,
      // Before the first step it is all zeros.
      hidden: this.step === 0 ? null : state?.hidden,
    });
  }

  async advance(phi: Float32Array, steps: number): Promise<Float32Array> {
    const losses = new Float32Array((steps + 1) * this.batch.count);
    for (let done = 0; done < steps; ) {
      const part = Math.min(steps - done, longestCall);
      losses.set(await this.run(phi, part, 1, {}), done * this.batch.count);
      done += part;
    }
    return losses;
  }

  async unroll(phi: Float32Array, { steps, weights, secondDerivatives, objective }: UnrollOptions) {
    droppedOnly(secondDerivatives);
    const gradient = new Float32Array(phi.length);
    // Back-propagation repeats the forward pass, and does two products for each one of it.
    const losses = await this.run(phi, steps, 4, {
      gradient,
      weights: new Float64Array(weights),
      objective: objective?.name ?? 'loss',
      ...(objective?.name === 'relative' && objective.initial && { initial: objective.initial }),
    });
    return { losses, gradient };
  }

  /** @param passes the work in multiples of a forward pass */
  private async run(phi: Float32Array, steps: number, passes: number, fields: Descriptor): Promise<Float32Array> {
    const { batch, coordinates, rates, step } = this;
    const losses = new Float32Array((steps + 1) * batch.count);
    const operations = steps * (evaluationCost(batch) + passes * coordinates * phi.length);
    const rows = rowsOf(batch, step, steps + 1);
    const taken = rates && ratesOf(rates, step, steps);
    await this.handle.call('advance', operations, { phi, steps, losses, ...rows, ...taken, ...fields });
    this.step += steps;
    return losses;
  }

  async state(): Promise<EpisodeState> {
    const theta = new Float32Array(this.coordinates);
    const hidden = new Float32Array(this.stateSize);
    this.handle.now('read', { theta, hidden });
    return { theta, hidden, step: this.step };
  }

  dispose(): void {
    this.handle.close();
  }
}
