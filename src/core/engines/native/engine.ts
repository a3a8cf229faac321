import { countWeights } from '../../../contract/limits.js';
import type { LearnedSpec } from '../../../contract/optimizers.js';
import { layerSizes } from '../../../contract/problems/mnist.js';
import type { ProblemName } from '../../../contract/problems.js';
import type { JobSpec } from '../../../contract/spec.js';
import type { FunctionBatch } from '../../problems/batch.js';
import {
  type Engine,
  type Episode,
  type EpisodeState,
  type OpenFunctions,
  type UnrollOptions,
  Unsupported,
} from '../engine.js';
import {
  type Addon,
  type FunctionArguments,
  loadAddon,
  type MiniBatchArguments,
  type NetworkNumbers,
} from './addon.js';

/**
 * The fused engine: native/ computes whole unrolls, optimizee included, on the processor's widest vectors. θ and h lie in
 * this process's arrays, in the layout of {@link EpisodeState}.
 * @throws Unsupported where it is not built or does not start.
 */
export function createNativeEngine(): Engine {
  const { addon, version, instructionSet, threads } = loadAddon();
  const calls = new Calls(threads);
  const states = new States();
  return {
    info: { engine: 'native', backend: 'cpu', version, instructionSet, threads },
    openFunctions: async (batch) => new NativeFunctions(addon, calls, batch),
    openEpisode: async (optimizer, batch, state) => new NativeEpisode(addon, calls, states, optimizer, batch, state),
    async respond(optimizer, phi, gradients, n) {
      const updates = new Float32Array(gradients.length);
      const operations = gradients.length * countWeights(optimizer);
      const network = numbersOf(optimizer);
      await calls.make(operations, (background) =>
        addon.respond(background, network, phi, gradients.length / n, n, gradients, updates),
      );
      return updates;
    },
    adam({ learningRate, beta1, beta2, epsilon }, gradient, state, update) {
      const [m, v] = state.vectors as [Float32Array, Float32Array];
      state.steps++;
      const [correction1, correction2] = [1 - beta1 ** state.steps, 1 - beta2 ** state.steps];
      addon.adam(false, gradient, m, v, update, learningRate, beta1, beta2, epsilon, correction1, correction2);
    },
  };
}

/**
 * Decides which calls hold up the event loop. A short one is over sooner than a promise of the thread pool's would be
 * fulfilled; a long one goes to the background, and while any is there the others go too, as they would have to wait for
 * it.
 */
class Calls {
  /** Multiply-adds that take a thread some 20 milliseconds. */
  private static readonly long = 4e8;
  private inBackground = 0;

  constructor(private readonly threads: number) {}

  /** @param operations multiply-adds, about */
  async make(operations: number, call: (background: boolean) => Promise<void> | undefined): Promise<void> {
    if (this.inBackground === 0 && operations < Calls.long * this.threads) {
      call(false);
      return;
    }
    this.inBackground++;
    try {
      await call(true);
    } finally {
      this.inBackground--;
    }
  }
}

/**
 * The state h of an episode that has ended serves the next one: horizons follow each other quickly, and what each left
 * behind would wait for the garbage collector.
 */
class States {
  private spare: Float32Array | undefined;

  /** Zeros. */
  take(length: number): Float32Array {
    const { spare } = this;
    this.spare = undefined;
    return spare?.length === length ? spare.fill(0) : new Float32Array(length);
  }

  give(state: Float32Array): void {
    this.spare = state;
  }
}

const preprocessings = { none: 0, 'log-sign-paper': 1, 'log-sign-deepmind': 2 } as const;
/** The problems that native/kernels/optimizees/ holds. */
const families: { readonly [N in ProblemName]?: number } = { simple: 0, parabola: 1, quadratic: 2, mnist: 3 };
const activations = { sigmoid: 0, tanh: 1, relu: 2 } as const;

function numbersOf({ preprocess, inputProjection, outputScale, layers }: LearnedSpec): NetworkNumbers {
  const constant = preprocess.name === 'none' ? 1 : preprocess.name === 'log-sign-paper' ? preprocess.p : preprocess.k;
  return Float64Array.of(preprocessings[preprocess.name], constant, inputProjection ?? 0, outputScale, ...layers);
}

/** What a call of some steps, from the first on, is told of the functions. */
function argumentsOf(batch: FunctionBatch, firstStep: number, steps: number): FunctionArguments {
  const { problem, count, dimension, data } = batch;
  const family = families[problem.name];
  if (family === undefined) throw new Unsupported(problemUnsupported(problem.name));
  return [
    family,
    count,
    dimension,
    data.s ?? data.W ?? null,
    data.y ?? null,
    ...miniBatchesOf(batch, firstStep, steps),
  ];
}

function miniBatchesOf({ problem, miniBatches }: FunctionBatch, firstStep: number, steps: number): MiniBatchArguments {
  if (problem.name !== 'mnist' || !miniBatches) return [null, null, null, null];
  const { size, examples } = miniBatches;
  const widths = [examples.width, ...layerSizes(problem).map(({ outputs }) => outputs)];
  const perceptron = Float64Array.of(activations[problem.activation], size, ...widths);
  return [perceptron, examples.inputs, examples.labels, miniBatches.rows(firstStep, steps)];
}

/** Multiply-adds of one evaluation. */
function costOf({ problem, count, dimension }: FunctionBatch): number {
  if (problem.name === 'mnist') return 2 * count * dimension * problem.batch;
  return count * dimension * (problem.name === 'quadratic' ? 2 * dimension : 3);
}

class NativeFunctions implements OpenFunctions {
  constructor(
    private readonly addon: Addon,
    private readonly calls: Calls,
    private readonly batch: FunctionBatch,
  ) {}

  async evaluate(theta: Float32Array, step: number) {
    const functions = argumentsOf(this.batch, step, 1);
    const losses = new Float32Array(this.batch.count);
    const gradient = new Float32Array(theta.length);
    await this.calls.make(costOf(this.batch), (background) =>
      this.addon.evaluate(background, ...functions, theta, losses, gradient),
    );
    return { losses, gradient };
  }

  dispose(): void {}
}

/** Steps of one call: the rows of their mini-batches are drawn before it, and take memory. */
const longestCall = 1000;

class NativeEpisode implements Episode {
  private readonly network: NetworkNumbers;
  private readonly theta: Float32Array;
  private readonly hidden: Float32Array;
  /** Steps taken; before the first, `hidden` is all zeros. */
  private step: number;

  constructor(
    private readonly addon: Addon,
    private readonly calls: Calls,
    private readonly states: States,
    private readonly optimizer: LearnedSpec,
    private readonly batch: FunctionBatch,
    state?: EpisodeState,
  ) {
    this.network = numbersOf(optimizer);
    this.theta = (state?.theta ?? batch.start).slice();
    const units = optimizer.layers.reduce((a, b) => a + b, 0);
    this.hidden = states.take(2 * units * this.theta.length);
    if (state) this.hidden.set(state.hidden);
    this.step = state?.step ?? 0;
  }

  async advance(phi: Float32Array, steps: number): Promise<Float32Array> {
    const losses = new Float32Array((steps + 1) * this.batch.count);
    for (let done = 0; done < steps; ) {
      const part = Math.min(steps - done, longestCall);
      losses.set(await this.run(phi, part, null, null), done * this.batch.count);
      done += part;
    }
    return losses;
  }

  async unroll(phi: Float32Array, { steps, weights, secondDerivatives }: UnrollOptions) {
    if (secondDerivatives === 'exact') throw new Unsupported(exactUnsupported);
    const gradient = new Float32Array(phi.length);
    const losses = await this.run(phi, steps, Float64Array.from(weights), gradient);
    return { losses, gradient };
  }

  private async run(phi: Float32Array, steps: number, weights: Float64Array | null, gradient: Float32Array | null) {
    const { addon, network, theta, hidden, batch } = this;
    const functions = argumentsOf(batch, this.step, steps + 1);
    const fresh = this.step === 0;
    const losses = new Float32Array((steps + 1) * batch.count);
    // Back-propagation computes the way forward once more, and two products for each of its own.
    const passes = gradient ? 4 : 1;
    const operations = steps * (costOf(batch) + passes * theta.length * countWeights(this.optimizer));
    await this.calls.make(operations, (background) =>
      addon.unroll(background, network, ...functions, phi, steps, theta, hidden, fresh, losses, weights, gradient),
    );
    this.step += steps;
    return losses;
  }

  async state(): Promise<EpisodeState> {
    return { theta: this.theta.slice(), hidden: this.hidden.slice(), step: this.step };
  }

  dispose(): void {
    this.states.give(this.hidden);
  }
}

const exactUnsupported =
  'training.secondDerivatives: "exact" runs on the tfjs engine alone (engine.name "auto" or "tfjs").';
const problemUnsupported = (name: ProblemName) =>
  `problem.name: "${name}" runs on the tfjs engine alone (engine.name "auto" or "tfjs").`;

/** @throws Unsupported where a job asks for what this engine does not do. */
export function checkNativeSupport(job: JobSpec): void {
  if (!(job.problem.name in families)) throw new Unsupported(problemUnsupported(job.problem.name));
  if (job.kind === 'metatrain' && job.training.secondDerivatives === 'exact') throw new Unsupported(exactUnsupported);
}
