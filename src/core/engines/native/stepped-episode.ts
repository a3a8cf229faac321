import { groupsOf } from '../../../contract/groups.js';
import type { LearnedSpec } from '../../../contract/optimizers.js';
import type { StepRates } from '../../../contract/use.js';
import { weightsByGroup } from '../../../weights/shapes.js';
import type { FunctionBatch } from '../../problems/batch.js';
import type { Episode, EpisodeOptions, EpisodeState, Objective, OpenFunctions, UnrollOptions } from '../engine.js';
import { objectiveDerivatives } from '../objective.js';
import type { LoadedAddon } from './addon.js';
import { ratesOf } from './arguments.js';
import { SteppedGroup } from './stepped-group.js';
import { droppedOnly } from './support.js';

/** Functions that are evaluated between the steps: by another engine, or for several groups. */
export class SteppedEpisode implements Episode {
  private readonly groups;
  private readonly parts: SteppedGroup[];
  private readonly theta: Float32Array;
  /** The groups' states one after the other; the networks' only after {@link state}. */
  private readonly hidden: Float32Array;
  private readonly rates: StepRates | undefined;
  /** Steps taken. */
  private step: number;

  /** @param functions the batch's; disposed of with the episode */
  constructor(
    native: LoadedAddon,
    optimizer: LearnedSpec,
    private readonly batch: FunctionBatch,
    private readonly functions: OpenFunctions,
    { state, rates }: EpisodeOptions = {},
  ) {
    this.rates = rates;
    this.theta = (state?.theta ?? batch.start).slice();
    this.step = state?.step ?? 0;
    this.groups = groupsOf(optimizer, batch.problem);
    this.hidden = new Float32Array(SteppedGroup.stateSizes(this.groups, batch.count));
    if (state) this.hidden.set(state.hidden);
    this.parts = SteppedGroup.each(native, this.groups, batch, this.hidden, this.step);
  }

  async advance(phi: Float32Array, steps: number): Promise<Float32Array> {
    return (await this.forward(phi, steps)).losses;
  }

  async unroll(phi: Float32Array, { steps, weights, secondDerivatives, objective }: UnrollOptions) {
    droppedOnly(secondDerivatives);
    for (const part of this.parts) part.keep(steps);
    const { losses, last } = await this.forward(phi, steps, objective);
    const each = weights.map((w) => w / this.batch.count);
    const gradient = new Float32Array(phi.length);
    const own = weightsByGroup(this.groups, gradient);
    for (const [i, slice] of weightsByGroup(this.groups, phi).entries())
      own[i]!.set(await this.parts[i]!.back(slice, last, each));
    return { losses, gradient };
  }

  /** @returns f(θ_t) [steps + 1, B], and ∇f(θ_steps), or ∇ℓ(f(θ_steps)) of an objective */
  private async forward(phi: Float32Array, steps: number, objective?: Objective) {
    const { parts, theta, functions, batch, rates } = this;
    const slices = weightsByGroup(this.groups, phi);
    const all = new Float32Array((steps + 1) * batch.count);
    for (let t = 0; ; t++) {
      const { losses, gradient, observed = gradient } = await functions.evaluate(theta, this.step + t);
      all.set(losses, t * batch.count);
      const derivatives = objective && objectiveDerivatives(objective, losses, all);
      const counted = derivatives
        ? gradient.map((g, i) => g * derivatives[Math.floor(i / batch.dimension)]!)
        : gradient;
      if (t === steps) {
        this.step += steps;
        return { losses: all, last: counted };
      }
      const taken = rates && ratesOf(rates, this.step + t, 1);
      for (const [i, part] of parts.entries()) await part.step(slices[i]!, observed, theta, counted, taken);
    }
  }

  async state(): Promise<EpisodeState> {
    for (const part of this.parts) part.read();
    return { theta: this.theta, hidden: this.hidden, step: this.step };
  }

  dispose(): void {
    this.functions.dispose();
    for (const part of this.parts) part.dispose();
  }
}
