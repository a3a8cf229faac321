import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Unsupported } from '../engine.js';

/** Optional arrays are null where there is nothing. */
type Floats = Float32Array | null;

/** [preprocessing, its constant, projection or 0, output scale, units …] */
export type NetworkNumbers = Float64Array;

/** Family, functions, coordinates of one, its data, and c where the functions are f(c∘θ). */
export type FunctionArguments = [
  family: number,
  count: number,
  dimension: number,
  first: Floats,
  second: Floats,
  scale: Floats,
  ...miniBatches: MiniBatchArguments,
];

/**
 * A network, as [activation, widths …] of a perceptron or [side, kernel, batch normalisation or not, convolutions, widths …]
 * of a convolutional one; examples of a mini-batch; the examples' bytes and classes, and the rows of the mini-batches
 * [steps, functions, size], those of the call's steps alone; nulls and 0 where there are none.
 */
export type MiniBatchArguments = [
  layers: Float64Array | null,
  size: number,
  inputs: Uint8Array | null,
  labels: Uint8Array | null,
  rows: Int32Array | null,
];

/**
 * What native/engine/addon.cc exports. With `background` a call computes on a thread of its own and gives a promise, and
 * until that is fulfilled its arrays are not to be touched; else it has written its results when it returns.
 */
export interface Addon {
  /** @returns the instruction set's name */
  start(instructionSet: string, threads: number): string;
  unroll(
    background: boolean,
    network: NetworkNumbers,
    ...rest: [
      ...functions: FunctionArguments,
      phi: Float32Array,
      steps: number,
      theta: Float32Array,
      hidden: Float32Array,
      fresh: boolean,
      losses: Float32Array,
      weights: Float64Array | null,
      objective: number,
      initial: Floats,
      gradient: Floats,
    ]
  ): Promise<void> | undefined;
  /** θ += the update for a gradient, h ← the next, of any coordinates. */
  step(
    background: boolean,
    network: NetworkNumbers,
    phi: Float32Array,
    coordinates: number,
    gradient: Float32Array,
    theta: Float32Array,
    hidden: Float32Array,
    fresh: boolean,
  ): Promise<void> | undefined;
  /** dL/dφ of some such steps, from their gradients, what the network saw of them, and the states before every `segment`. */
  back(
    background: boolean,
    network: NetworkNumbers,
    phi: Float32Array,
    coordinates: number,
    steps: number,
    gradients: Float32Array,
    observed: Floats,
    segment: number,
    states: Float32Array,
    fresh: boolean,
    weights: Float64Array,
    gradient: Float32Array,
  ): Promise<void> | undefined;
  evaluate(
    background: boolean,
    ...rest: [...functions: FunctionArguments, theta: Float32Array, losses: Float32Array, gradient: Float32Array]
  ): Promise<void> | undefined;
  /** A step of the meta-optimizer. `descended` receives the gradient's norm, and 1 or 0: whether φ and Adam’s means are finite still. */
  descend(
    background: false,
    phi: Float32Array,
    gradient: Float32Array,
    m: Float32Array,
    v: Float32Array,
    descended: Float64Array,
    clipNorm: number,
    learningRate: number,
    beta1: number,
    beta2: number,
    epsilon: number,
    correction1: number,
    correction2: number,
  ): void;
}

export interface LoadedAddon {
  readonly addon: Addon;
  /** Names the sources and the compiler that it was built from. */
  readonly version: string;
  readonly instructionSet: string;
  readonly threads: number;
  readonly calls: Calls;
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

let loaded: LoadedAddon | undefined;

/**
 * Loads the addon that scripts/native.mjs built, once a process. METADESCENT_THREADS and METADESCENT_ISA ("avx512",
 * "avx2", "neon", "portable") override what the machine suggests.
 * @throws Unsupported where it is not built, does not load, or lacks what these variables ask for.
 */
export function loadAddon(): LoadedAddon {
  if (loaded) return loaded;
  const folder = join(dirname(fileURLToPath(import.meta.url)), '../../../../native');
  const threads = threadsFrom(process.env.METADESCENT_THREADS);
  let build: { version: string; file: string };
  try {
    build = JSON.parse(readFileSync(join(folder, 'native.json'), 'utf8'));
  } catch {
    throw new Unsupported(
      'engine.name: the native engine is not built on this machine: install a C++20 compiler (Debian: apt-get install g++) and run npm run setup.',
    );
  }
  try {
    const addon: Addon = createRequire(import.meta.url)(join(folder, build.file));
    const instructionSet = addon.start(process.env.METADESCENT_ISA ?? '', threads);
    loaded = { addon, version: build.version, instructionSet, threads, calls: new Calls(threads) };
    return loaded;
  } catch (error) {
    throw new Unsupported(
      `engine.name: the native engine does not start: ${(error as Error).message}. To build it anew, remove dist/native and run npm run setup.`,
    );
  }
}

function threadsFrom(text: string | undefined): number {
  if (text === undefined || text === '') return availableParallelism();
  const threads = Number(text);
  if (!Number.isInteger(threads) || threads < 1 || threads > 1024) {
    throw new Unsupported(`METADESCENT_THREADS is "${text}": expected an integer from 1 to 1024.`);
  }
  return threads;
}
