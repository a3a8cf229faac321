import type { NetworkGroup } from '../../../contract/groups.js';
import type { MlpSpec } from '../../../contract/networks/mlp.js';
import { networkContract, withoutBackward } from '../../../contract/networks/networks.js';
import { Unsupported } from '../engine.js';
import type { LoadedAddon } from './addon.js';
import { ratesOf } from './arguments.js';
import type { Descriptor } from './fields.js';
import { NativeHandle } from './handle.js';
import { mlpDescriptor, tensorNumbers, usualRates } from './mlp-arguments.js';

/**
 * An MLP on the tensors of a group in B functions, used like `SteppedNetwork`. Back-propagation cannot pass through it. The
 * bits depend neither on the number of threads nor on who computes the gradients.
 */
export class SteppedMlp {
  private readonly handle: NativeHandle;
  private readonly usual: Descriptor;

  /**
   * @param hidden in {@link EpisodeState}'s layout; {@link read} updates it
   * @param steps taken so far
   */
  constructor(
    native: LoadedAddon,
    { parameters }: Pick<NetworkGroup, 'parameters'>,
    optimizer: MlpSpec,
    functions: number,
    private readonly hidden: Float32Array,
    steps: number,
  ) {
    this.usual = ratesOf(usualRates(networkContract(optimizer).usualRate), 0, 1);
    this.handle = new NativeHandle(native, {
      kind: 'mlp-steps',
      network: mlpDescriptor(optimizer),
      precision: native.precision,
      tensors: tensorNumbers(parameters),
      functions,
      steps,
      hidden: steps === 0 ? null : hidden,
    });
  }

  /** @throws Unsupported */
  keep(): never {
    throw new Unsupported(withoutBackward('mlp'));
  }

  /**
   * One step of θ.
   * @param observed ∇f(θ) as the network sees it [B, d]
   * @param theta [B, d]
   * @param rates of this step, {@link ratesOf}
   */
  async step(
    phi: Float32Array,
    observed: Float32Array,
    theta: Float32Array,
    _gradient: Float32Array,
    rates: Descriptor = this.usual,
  ): Promise<void> {
    await this.handle.call('step', theta.length * phi.length, { phi, observed, theta, ...rates });
  }

  async back(): Promise<Float32Array> {
    return this.keep();
  }

  async backFrom(): Promise<Float32Array> {
    return this.keep();
  }

  /** Writes the state into the array that the network was opened with. */
  read(): void {
    this.handle.now('read', { hidden: this.hidden });
  }

  dispose(): void {
    this.handle.close();
  }
}
