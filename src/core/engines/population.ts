import type { LearnedSpec } from '../../contract/optimizers.js';
import type { Engine, Episode, EpisodeState, PairState, Population, Slot } from './engine.js';

/** A population: the engine's own, or else two episodes per slot. */
export async function openPopulation(
  engine: Engine,
  optimizer: LearnedSpec,
  slots: readonly Slot[],
): Promise<Population> {
  return engine.openPopulation?.(optimizer, slots) ?? EpisodePairs.open(engine, optimizer, slots);
}

/** A population on any engine: each particle is an episode of one function. */
export class EpisodePairs implements Population {
  private constructor(
    private readonly engine: Engine,
    private readonly optimizer: LearnedSpec,
    private readonly slots: { content: Omit<Slot, 'states'>; pair: readonly [Episode, Episode] }[],
  ) {}

  static async open(engine: Engine, optimizer: LearnedSpec, slots: readonly Slot[]): Promise<EpisodePairs> {
    const population = new EpisodePairs(engine, optimizer, []);
    for (const [i, content] of slots.entries()) await population.replace(i, content);
    return population;
  }

  async replace(slot: number, slotted: Slot): Promise<void> {
    const { batch, rates, states } = slotted;
    if (batch.count !== 1) throw new RangeError(`a slot holds 1 function, not ${batch.count}`);
    const open = (state?: EpisodeState) => this.engine.openEpisode(this.optimizer, batch, { state, rates });
    const pair = [await open(states?.[0]), await open(states?.[1])] as const;
    for (const episode of this.slots[slot]?.pair ?? []) episode.dispose();
    this.slots[slot] = { content: { batch, rates }, pair };
  }

  async advance(phi: Float32Array, steps: number): Promise<Float32Array> {
    const particles = 2 * this.slots.length;
    const weights = phi.length / particles;
    const losses = new Float32Array((steps + 1) * particles);
    for (const [p, episode] of this.slots.flatMap(({ pair }) => pair).entries()) {
      const own = await episode.advance(phi.slice(p * weights, (p + 1) * weights), steps);
      for (let t = 0; t <= steps; t++) losses[t * particles + p] = own[t]!;
    }
    return losses;
  }

  async average(): Promise<void> {
    for (const [i, { content, pair }] of this.slots.entries()) {
      const [a, b] = [await pair[0].state(), await pair[1].state()];
      const state = { theta: mean(a.theta, b.theta), hidden: mean(a.hidden, b.hidden), step: a.step };
      await this.replace(i, { ...content, states: [state, state] });
    }
  }

  async state(): Promise<PairState[]> {
    const states: PairState[] = [];
    for (const { pair } of this.slots) states.push([await pair[0].state(), await pair[1].state()]);
    return states;
  }

  dispose(): void {
    for (const { pair } of this.slots) for (const episode of pair) episode.dispose();
    this.slots.length = 0;
  }
}

/** (a + b)/2 in fp32. */
function mean(a: Float32Array, b: Float32Array): Float32Array {
  return a.map((value, i) => Math.fround(value + b[i]!) / 2);
}
