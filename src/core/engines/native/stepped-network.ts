import type { LstmSpec } from '../../../contract/optimizers.js';
import type { LoadedAddon, NetworkNumbers } from './addon.js';
import { networkNumbers } from './arguments.js';

/** Steps from one state that is kept for the way back to the next; those between are computed again. */
const segment = 20;

/** What the way back through some steps needs. */
interface Kept {
  readonly steps: number;
  /** ∇f(θ_t) [steps + 1, n] */
  readonly gradients: Float32Array;
  /** What the network saw of them, [steps, n], where that was ever something else. */
  observed: Float32Array | null;
  /** The state before every `segment` steps. */
  readonly states: Float32Array;
  /** Steps taken of them. */
  taken: number;
  /** Whether the first state is all zeros. */
  fresh: boolean;
}

/**
 * The fused network on n coordinates, a step at a time, whose gradients come from wherever the caller has them computed:
 *
 *     network.keep(T)                                 where the way back is going to be asked for
 *     for t in 0 … T - 1
 *       g ← ∇f(θ_t), computed anywhere
 *       await network.step(φ, g, θ)                   θ ← θ_{t+1}
 *     dL/dφ ← await network.back(φ, ∇f(θ_T), w)
 *
 * The coordinates need not be all that f has. With parameter groups each learned group has a network of its own on the
 * coordinates that it owns, gathered from all functions of a batch in any order that stays; a hand-written rule serves
 * others; one evaluation a step gives the gradients of all. With second derivatives dropped, dL/dφ of a group needs no
 * gradient but its own coordinates', so the groups do not meet on the way back.
 *
 * Kept are one float a coordinate and step (two where the network sees something else than ∇f), and the state every twenty steps. The bits are the same for any number of
 * threads, and whoever computes the gradients.
 */
export class SteppedNetwork {
  private readonly network: NetworkNumbers;
  /** Memory of the last `keep`, for the next one. */
  private spare: Kept | null = null;
  private kept: Kept | null = null;

  /**
   * @param n coordinates
   * @param hidden h and c, in {@link EpisodeState}'s layout; this network writes each step's there
   * @param fresh whether `hidden` is all zeros
   */
  constructor(
    private readonly native: LoadedAddon,
    optimizer: LstmSpec,
    private readonly n: number,
    readonly hidden: Float32Array,
    private fresh: boolean,
  ) {
    this.network = networkNumbers(optimizer);
  }

  /** Keeps what {@link back} needs of the next `steps` steps. */
  keep(steps: number): void {
    const { n, hidden, spare, fresh } = this;
    this.spare = this.kept =
      spare?.steps === steps
        ? Object.assign(spare, { observed: null, taken: 0, fresh })
        : {
            steps,
            gradients: new Float32Array((steps + 1) * n),
            observed: null,
            states: new Float32Array(Math.ceil(steps / segment) * hidden.length),
            taken: 0,
            fresh,
          };
  }

  /**
   * One step: θ becomes θ plus the update, h the next state.
   * @param observed what the network sees of ∇f(θ) [n]
   * @param theta [n]
   * @param gradient what the way back takes for ∇f(θ), where that is something else: without noise, say, or ∇ℓ(f(θ))
   *   where the meta-loss sums some ℓ(f)
   */
  async step(
    phi: Float32Array,
    observed: Float32Array,
    theta: Float32Array,
    gradient: Float32Array = observed,
  ): Promise<void> {
    const { native, network, n, hidden, fresh, kept } = this;
    if (kept) {
      const { taken } = kept;
      if (taken === kept.steps) throw new RangeError(`a step more than the ${taken} that were to be kept`);
      if (taken % segment === 0) kept.states.set(hidden, (taken / segment) * hidden.length);
      if (gradient !== observed) kept.observed ??= kept.gradients.slice(0, kept.steps * n);
      kept.observed?.set(observed, taken * n);
      kept.gradients.set(gradient, taken * n);
      kept.taken++;
    }
    await native.calls.make(n * phi.length, (background) =>
      native.addon.step(background, network, phi, n, observed, theta, hidden, fresh),
    );
    this.fresh = false;
  }

  /**
   * Back-propagation through the steps kept, all of which have been taken; their θ and h began as constants.
   * @param lastGradient ∇f(θ_T) [n], as the way back takes it
   * @param weights dL/df_b(θ_t), t = 0 … T, the same for every function b: w_t / B where L is a mean over B
   * @returns dL/dφ
   */
  async back(phi: Float32Array, lastGradient: Float32Array, weights: readonly number[]): Promise<Float32Array> {
    const kept = this.takeKept();
    kept.gradients.set(lastGradient, kept.steps * this.n);
    return this.goBack(phi, kept, Float64Array.from(weights));
  }

  /**
   * The same of any L, by its slopes in the updates themselves: they take the place of the δ_{t+1} that would be summed up
   * of ∇f(θ_{t+1}) and those after it, so each gradient is the difference of two.
   * @param slopes dL/dg_t [steps, n], t = 0 … T - 1
   * @returns dL/dφ
   */
  async backFrom(phi: Float32Array, slopes: Float32Array): Promise<Float32Array> {
    const { n } = this;
    const kept = this.takeKept();
    const { steps, gradients } = kept;
    const differences = new Float32Array(gradients.length);
    differences.set(slopes, n);
    for (let i = n; i < slopes.length; i++) differences[i]! -= slopes[i]!;
    const observed = kept.observed ?? gradients.subarray(0, steps * n);
    return this.goBack(phi, { ...kept, gradients: differences, observed }, new Float64Array(steps + 1).fill(1));
  }

  private takeKept(): Kept {
    const { kept } = this;
    if (kept?.taken !== kept?.steps || !kept)
      throw new RangeError('back() comes after the steps that keep() announced');
    this.kept = null;
    return kept;
  }

  private async goBack(phi: Float32Array, kept: Kept, weights: Float64Array): Promise<Float32Array> {
    const { native, network, n } = this;
    const { steps, gradients, observed, states, fresh } = kept;
    const result = new Float32Array(phi.length);
    await native.calls.make(3 * steps * n * phi.length, (background) =>
      native.addon.back(
        background,
        network,
        phi,
        n,
        steps,
        gradients,
        observed,
        segment,
        states,
        fresh,
        weights,
        result,
      ),
    );
    return result;
  }
}
