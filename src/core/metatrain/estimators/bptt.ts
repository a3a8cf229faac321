import { lossWeights } from '../../../contract/training.js';
import type { Episode, EpisodeState } from '../../engines/engine.js';
import { meanOverRuns } from '../../optimise/measures.js';
import { asState, type StateTree } from '../../state-tree.js';
import type { Place } from '../curriculum.js';
import { type Estimate, type Estimator, type EstimatorContext, trainingFunctions } from './estimator.js';

interface BpttState {
  /** f(θ_0) [B] of the current functions, if the objective is "relative" to it. */
  readonly initial: Float32Array | null;
  readonly episode: EpisodeState;
}

/**
 * Truncated back-propagation through time: the unroll begins from the last θ and h, which are constants to it; fresh
 * functions are drawn where a horizon has ended.
 */
export class Bptt implements Estimator {
  private episode: Episode | null = null;
  private initial: Float32Array | null;
  private resumed: EpisodeState | undefined;

  constructor(
    private readonly context: EstimatorContext,
    state: StateTree | null,
  ) {
    const resumed = state as BpttState | null;
    this.initial = resumed?.initial ?? null;
    this.resumed = resumed?.episode;
  }

  async estimate(phi: Float32Array, { unroll, step, episode: index }: Place): Promise<Estimate> {
    const { context } = this;
    const { functions, metaLoss, objective, secondDerivatives } = context.spec.training;
    if (step === 0) {
      this.dispose();
      this.resumed = undefined;
      this.initial = null;
    }
    this.episode ??= await this.open(index);
    const { losses, gradient } = await this.episode.unroll(phi, {
      steps: unroll,
      weights: lossWeights(metaLoss, unroll),
      secondDerivatives,
      objective: { name: objective, initial: this.initial },
    });
    if (objective === 'relative') this.initial ??= losses.slice(0, functions);
    return { points: meanOverRuns(losses, functions), gradient };
  }

  private async open(index: number): Promise<Episode> {
    const { context, resumed: state } = this;
    const { optimizer, training } = context.spec;
    const { functions } = training;
    const episode = await context.engine.openEpisode(
      optimizer,
      trainingFunctions(context, index * functions, functions),
      { state },
    );
    this.resumed = undefined;
    return episode;
  }

  async state(): Promise<StateTree | null> {
    const episode = (await this.episode?.state()) ?? this.resumed;
    return episode ? asState({ initial: this.initial, episode }) : null;
  }

  dispose(): void {
    this.episode?.dispose();
    this.episode = null;
  }
}
