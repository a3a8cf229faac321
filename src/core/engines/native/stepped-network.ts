import { stepsBetweenStates as segment } from '../../../contract/engines.js';
import type { LstmSpec } from '../../../contract/networks/lstm.js';
import type { LoadedAddon, NetworkNumbers } from './addon.js';
import { networkNumbers } from './arguments.js';

/** What the backward pass needs. */
interface Kept {
  readonly steps: number;
  /** ∇f(θ_t) [steps + 1, n] */
  readonly gradients: Float32Array;
  /** The gradients as the network saw them, [steps, n]; null if they never differed. */
  observed: Float32Array | null;
  /** The state before every `segment` steps. */
  readonly states: Float32Array;
  /** Steps taken so far. */
  taken: number;
  /** Whether the first state is all zeros. */
  fresh: boolean;
}

/**
 * The fused network on n coordinates, one step at a time, with gradients that the caller provides:
 *
 *     network.keep(T)                                 if a backward pass will follow
 *     for t in 0 … T - 1
 *       g ← ∇f(θ_t), computed anywhere
 *       await network.step(φ, g, θ)                   θ ← θ_{t+1}
 *     dL/dφ ← await network.back(φ, ∇f(θ_T), w)
 *
 * The coordinates may be a part of f's. With parameter groups, each learned group has its own network on its own
 * coordinates, gathered from all functions of a batch in any fixed order; hand-designed rules move the others; one
 * evaluation per step gives the gradients of all. With second derivatives dropped, dL/dφ of a group needs only the
 * gradients of its own coordinates, so groups are independent in the backward pass.
 *
 * Memory: one float per coordinate and step (two if the network sees something other than ∇f), and the state every
 * {@link segment} steps. The bits depend neither on the number of threads nor on who computes the gradients.
 */
export class SteppedNetwork {
  private readonly network: NetworkNumbers;
  /** Arrays of the last `keep`, reused by the next. */
  private spare: Kept | null = null;
  private kept: Kept | null = null;

  /**
   * @param n coordinates
   * @param hidden h and c, in {@link EpisodeState}'s layout, updated at each step
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
   * @param observed ∇f(θ) as the network sees it [n]
   * @param theta [n]
   * @param gradient ∇f(θ) for the backward pass, if different: without noise, or ∇ℓ(f(θ)) if the meta-loss sums ℓ(f)
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
      if (taken === kept.steps) throw new RangeError(`more steps than the ${taken} that keep() announced`);
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
   * Back-propagation through the kept steps, after all of them; the initial θ and h are constants.
   * @param lastGradient ∇f(θ_T) [n], for the backward pass
   * @param weights dL/df_b(θ_t), t = 0 … T, the same for every function b: w_t / B if L is a mean over B
   * @returns dL/dφ
   */
  async back(phi: Float32Array, lastGradient: Float32Array, weights: readonly number[]): Promise<Float32Array> {
    const kept = this.takeKept();
    kept.gradients.set(lastGradient, kept.steps * this.n);
    return this.goBack(phi, kept, Float64Array.from(weights));
  }

  /**
   * The same for any L, given its derivatives with respect to the updates. They replace the δ_{t+1}, which would be the
   * sum of ∇f(θ_{t+1}) and all later gradients, so each gradient is the difference of two.
   * @param derivatives dL/dg_t [steps, n], t = 0 … T - 1
   * @returns dL/dφ
   */
  async backFrom(phi: Float32Array, derivatives: Float32Array): Promise<Float32Array> {
    const { n } = this;
    const kept = this.takeKept();
    const { steps, gradients } = kept;
    const differences = new Float32Array(gradients.length);
    differences.set(derivatives, n);
    for (let i = n; i < derivatives.length; i++) differences[i]! -= derivatives[i]!;
    const observed = kept.observed ?? gradients.subarray(0, steps * n);
    return this.goBack(phi, { ...kept, gradients: differences, observed }, new Float64Array(steps + 1).fill(1));
  }

  private takeKept(): Kept {
    const { kept } = this;
    if (kept?.taken !== kept?.steps || !kept)
      throw new RangeError('back() must follow the steps that keep() announced');
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
