import { stepsBetweenStates } from '../../../contract/engines.js';
import type { LstmSpec } from '../../../contract/networks/lstm.js';
import type { LoadedAddon } from './addon.js';
import { networkDescriptor } from './arguments.js';
import type { Descriptor } from './fields.js';
import { NativeHandle } from './handle.js';

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
 * {@link stepsBetweenStates} steps. The bits depend neither on the number of threads nor on who computes the gradients.
 */
export class SteppedNetwork {
  private readonly handle: NativeHandle;
  /** Steps of the last `keep`. */
  private kept = 0;

  /**
   * @param n coordinates
   * @param hidden h and c, in {@link EpisodeState}'s layout; {@link read} updates it
   * @param fresh whether `hidden` is all zeros
   */
  constructor(
    native: LoadedAddon,
    optimizer: LstmSpec,
    private readonly n: number,
    private readonly hidden: Float32Array,
    fresh: boolean,
  ) {
    this.handle = new NativeHandle(native, {
      kind: 'lstm-steps',
      network: networkDescriptor(optimizer),
      coordinates: n,
      segment: stepsBetweenStates,
      hidden: fresh ? null : hidden,
    });
  }

  /** Keeps what {@link back} needs of the next `steps` steps. */
  keep(steps: number): void {
    this.kept = steps;
    this.handle.now('keep', { steps });
  }

  /**
   * One step: θ becomes θ plus the update, h the next state.
   * @param observed ∇f(θ) as the network sees it [n]
   * @param theta [n]
   * @param gradient ∇f(θ) for the backward pass, if different: without noise, or ∇ℓ(f(θ)) if the meta-loss sums ℓ(f)
   * @param rates of this step, {@link ratesOf}
   */
  async step(
    phi: Float32Array,
    observed: Float32Array,
    theta: Float32Array,
    gradient: Float32Array = observed,
    rates?: Descriptor,
  ): Promise<void> {
    const apart = gradient === observed ? {} : { gradient };
    await this.handle.call('step', this.n * phi.length, { phi, observed, theta, ...apart, ...rates });
  }

  /**
   * Back-propagation through the kept steps, after all of them; the initial θ and h are constants.
   * @param last ∇f(θ_T) [n], for the backward pass
   * @param weights dL/df_b(θ_t), t = 0 … T, the same for every function b: w_t / B if L is a mean over B
   * @returns dL/dφ
   */
  back(phi: Float32Array, last: Float32Array, weights: readonly number[]): Promise<Float32Array> {
    return this.goBack('back', phi, { last, weights: new Float64Array(weights) });
  }

  /**
   * The same for any L, given its derivatives with respect to the updates.
   * @param derivatives dL/dg_t [steps, n], t = 0 … T - 1
   * @returns dL/dφ
   */
  backFrom(phi: Float32Array, derivatives: Float32Array): Promise<Float32Array> {
    return this.goBack('backFrom', phi, { derivatives });
  }

  private async goBack(operation: string, phi: Float32Array, fields: Descriptor): Promise<Float32Array> {
    const gradient = new Float32Array(phi.length);
    await this.handle.call(operation, 3 * this.kept * this.n * phi.length, { phi, gradient, ...fields });
    return gradient;
  }

  /** Writes h and c into the array that the network was opened with. */
  read(): void {
    this.handle.now('read', { hidden: this.hidden });
  }

  dispose(): void {
    this.handle.close();
  }
}
