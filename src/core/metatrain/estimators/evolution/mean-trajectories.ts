import type { LearnedSpec } from '../../../../contract/optimizers.js';
import type { Engine, Episode, EpisodeState, Slot, UnrollOptions } from '../../../engines/engine.js';

/** Each slot's function optimised by φ itself, unperturbed: their gradients are control variates. */
export class MeanTrajectories {
  private readonly episodes: Episode[] = [];

  constructor(
    private readonly engine: Engine,
    private readonly optimizer: LearnedSpec,
  ) {}

  async replace(slot: number, { batch, rates }: Omit<Slot, 'states'>, state?: EpisodeState): Promise<void> {
    this.episodes[slot]?.dispose();
    this.episodes[slot] = await this.engine.openEpisode(this.optimizer, batch, { state, rates });
  }

  /**
   * dL/dφ of each slot by truncated back-propagation, [slots, weights]; 0 for a slot where it is not finite.
   * @param initial f(θ_0) per slot
   */
  async gradients(phi: Float32Array, options: UnrollOptions, initial: Float32Array): Promise<Float32Array> {
    const gradients = new Float32Array(this.episodes.length * phi.length);
    for (const [i, episode] of this.episodes.entries()) {
      const objective =
        options.objective?.name === 'relative'
          ? { name: 'relative' as const, initial: initial.slice(i, i + 1) }
          : options.objective;
      const { gradient } = await episode.unroll(phi, { ...options, ...(objective && { objective }) });
      if (gradient.every(Number.isFinite)) gradients.set(gradient, i * phi.length);
    }
    return gradients;
  }

  async states(): Promise<EpisodeState[]> {
    const states: EpisodeState[] = [];
    for (const episode of this.episodes) states.push(await episode.state());
    return states;
  }

  dispose(): void {
    for (const episode of this.episodes) episode.dispose();
    this.episodes.length = 0;
  }
}
