import { type MlpSpec, mlp } from '../../../contract/networks/mlp.js';
import type { FunctionBatch } from '../../problems/batch.js';
import type { Engine, EpisodeState, PairState, Population, Slot } from '../engine.js';
import { EpisodePairs } from '../population.js';
import { stateLayout } from '../state-layout.js';
import type { LoadedAddon } from './addon.js';
import { evaluationCost, functionsDescriptor, isClassifier, rowsOf } from './arguments.js';
import { NativeHandle } from './handle.js';
import { mlpDescriptor, usualRates } from './mlp-arguments.js';

/** Maximum steps per call: the rows of their mini-batches are drawn in advance, and take memory. */
const longestCall = 1000;

/** What a slot holds, and the steps that its particles have taken. */
interface Filled {
  /** Its arrays are used in place by the lanes. */
  readonly content: Slot;
  step: number;
  /** Floats of a particle's state. */
  readonly state: number;
  /** The pair, if the function has no kernels for lanes. */
  readonly pair: EpisodePairs | null;
}

/**
 * Pairs that an MLP optimises. Perceptrons lie in the lanes of vectors, a particle per lane, and a call computes all their
 * steps; functions of other kinds have two episodes each. A function's bits depend neither on the number of threads nor on
 * the other slots.
 */
export class MlpPopulation implements Population {
  private readonly handle: NativeHandle;
  private readonly slots: Filled[] = [];

  private constructor(
    private readonly engine: Engine,
    native: LoadedAddon,
    private readonly optimizer: MlpSpec,
    slots: number,
  ) {
    const { precision } = native;
    this.handle = new NativeHandle(native, {
      kind: 'mlp-population',
      network: mlpDescriptor(optimizer),
      precision,
      slots,
    });
  }

  /** @param engine opens the episodes of functions of other kinds */
  static async open(
    engine: Engine,
    native: LoadedAddon,
    optimizer: MlpSpec,
    slots: readonly Slot[],
  ): Promise<MlpPopulation> {
    const population = new MlpPopulation(engine, native, optimizer, slots.length);
    for (const [i, content] of slots.entries()) await population.replace(i, content);
    return population;
  }

  async replace(slot: number, content: Slot): Promise<void> {
    const { batch, states } = content;
    if (batch.count !== 1) throw new RangeError(`a slot holds 1 function, not ${batch.count}`);
    const inLanes = isClassifier(batch.problem);
    const pair = inLanes ? null : await EpisodePairs.open(this.engine, this.optimizer, [content]);
    const { size } = stateLayout(this.optimizer, batch);
    const filled = { content, step: states?.[0].step ?? 0, state: size, pair };
    if (inLanes) this.fill(slot, filled);
    else this.handle.now('empty', { slot });
    this.slots[slot]?.pair?.dispose();
    this.slots[slot] = filled;
  }

  private fill(slot: number, { content, step, state }: Filled): void {
    const { batch, states } = content;
    const theta = new Float32Array(2 * batch.dimension);
    const hidden = new Float32Array(2 * state);
    for (const copy of [0, 1] as const) {
      theta.set(states?.[copy].theta ?? batch.start, copy * batch.dimension);
      if (states) hidden.set(states[copy].hidden, copy * state);
    }
    this.handle.now('fill', { slot, functions: functionsDescriptor(batch), step, theta, hidden });
  }

  async advance(phi: Float32Array, steps: number): Promise<Float32Array> {
    const particles = 2 * this.slots.length;
    const losses = new Float32Array((steps + 1) * particles);
    let done = 0;
    do {
      const part = Math.min(steps - done, longestCall);
      losses.set(await this.run(phi, part), done * particles);
      done += part;
    } while (done < steps);
    const weights = phi.length / this.slots.length;
    for (const [i, { pair }] of this.slots.entries()) {
      const own = await pair?.advance(phi.slice(i * weights, (i + 1) * weights), steps);
      for (let t = 0; own && t <= steps; t++) losses.set(own.subarray(2 * t, 2 * t + 2), t * particles + 2 * i);
    }
    return losses;
  }

  /** Steps of the lanes. @returns [steps + 1, slots, 2] */
  private async run(phi: Float32Array, steps: number): Promise<Float32Array> {
    const { slots } = this;
    const losses = new Float32Array((steps + 1) * 2 * slots.length);
    const rates = new Float32Array(slots.length * steps);
    const decays = new Float32Array(slots.length);
    const inLanes = slots.filter(({ pair }) => pair === null);
    for (const [i, { content, step }] of slots.entries()) {
      const used = content.rates ?? usualRates(mlp.usualRate);
      for (let t = 0; t < steps; t++) rates[i * steps + t] = used.at(step + t);
      decays[i] = used.weightDecay;
    }
    const rows = joined(inLanes.map(({ content, step }) => drawn(content.batch, step, steps + 1)));
    const weights = phi.length / slots.length / 2;
    const each = inLanes.map(({ content: { batch } }) => evaluationCost(batch) + batch.dimension * weights);
    const operations = 2 * steps * each.reduce((a, b) => a + b, 0);
    await this.handle.call('advance', operations, { phi, steps, losses, rates, decays, rows });
    for (const slot of slots) slot.step += steps;
    return losses;
  }

  async average(): Promise<void> {
    this.handle.now('average', {});
    for (const { pair } of this.slots) await pair?.average();
  }

  async state(): Promise<PairState[]> {
    const states: PairState[] = [];
    for (const [slot, filled] of this.slots.entries())
      states.push(filled.pair ? (await filled.pair.state())[0]! : this.read(slot, filled));
    return states;
  }

  private read(slot: number, { content, state, step }: Filled): PairState {
    const d = content.batch.dimension;
    const theta = new Float32Array(2 * d);
    const hidden = new Float32Array(2 * state);
    this.handle.now('read', { slot, theta, hidden });
    const of = (copy: number): EpisodeState => ({
      theta: theta.slice(copy * d, (copy + 1) * d),
      hidden: hidden.slice(copy * state, (copy + 1) * state),
      step,
    });
    return [of(0), of(1)];
  }

  dispose(): void {
    this.handle.close();
    for (const { pair } of this.slots) pair?.dispose();
    this.slots.length = 0;
  }
}

/** The rows of a function's mini-batches. */
function drawn(batch: FunctionBatch, first: number, evaluations: number): Int32Array {
  return rowsOf(batch, first, evaluations).rows as Int32Array;
}

function joined(parts: readonly Int32Array[]): Int32Array {
  const all = new Int32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
