import type { EpisodeState } from '../../engines/engine.js';
import { meanOverRuns } from '../../optimise/measures.js';
import { asState, type StateTree } from '../../state-tree.js';
import type { Place } from '../curriculum.js';
import { type Estimate, type Estimator, type EstimatorContext, trainingFunctions } from './estimator.js';
import { ImitationEpisode } from './imitation-episode.js';

/** Off-policy imitation learning, as {@link ImitationEpisode} has it; fresh functions where a horizon has ended. */
export class Imitation implements Estimator {
  private episode: ImitationEpisode | null = null;
  private resumed: EpisodeState | undefined;

  constructor(
    private readonly context: EstimatorContext,
    state: StateTree | null,
  ) {
    this.resumed = (state as { episode: EpisodeState } | null)?.episode;
  }

  async estimate(phi: Float32Array, { unroll, step, episode: index }: Place): Promise<Estimate> {
    if (step === 0) {
      this.dispose();
      this.resumed = undefined;
    }
    this.episode ??= await this.open(index);
    const { losses, gradient } = await this.episode.unroll(phi, { steps: unroll });
    return { points: meanOverRuns(losses, this.context.spec.training.functions), gradient };
  }

  private async open(index: number): Promise<ImitationEpisode> {
    const { context, resumed } = this;
    const { functions, imitation } = context.spec.training;
    const batch = trainingFunctions(context, index * functions, functions);
    const { rule } = imitation!;
    const episode = await ImitationEpisode.open(context.engine, context.spec.optimizer, batch, rule, resumed);
    this.resumed = undefined;
    return episode;
  }

  async state(): Promise<StateTree | null> {
    const episode = (await this.episode?.state()) ?? this.resumed;
    return episode ? asState({ episode }) : null;
  }

  dispose(): void {
    this.episode?.dispose();
    this.episode = null;
  }
}
