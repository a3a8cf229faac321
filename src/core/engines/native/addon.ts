import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Unsupported } from '../engine.js';

/** An optional array. */
type Floats = Float32Array | null;

/** [preprocessing, its constant, projection or 0, output scale, units …] */
export type NetworkNumbers = Float64Array;

/** Family, number of functions, coordinates per function, their data, and c if the functions are f(c∘θ). */
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
 * A perceptron as [activation, loss, widths …], or a convolutional network as [side, kernel, batch normalisation or not,
 * convolutions, widths …]; the size of a mini-batch; the examples' bytes and classes; and the rows of the mini-batches
 * of this call's steps [steps, functions, size]. Nulls and 0 if there is no network.
 */
export type MiniBatchArguments = [
  layers: Float64Array | null,
  size: number,
  inputs: Uint8Array | null,
  labels: Uint8Array | null,
  rows: Int32Array | null,
];

/**
 * The exports of native/engine/addon.cc. With `background` a call runs on another thread and returns a promise; its
 * arrays must not be touched until that resolves. Otherwise the results are written when the call returns.
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
  /** θ += the update for a gradient, h ← the next state, for any coordinates. */
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
  /** dL/dφ of such steps, from their true and observed gradients, and the state before every `segment` steps. */
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
  /** A step of the meta-optimizer. `descended` receives the gradient's norm, and 1 if φ and Adam's means are finite, else 0. */
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
  /** Identifies the sources and the compiler of the build. */
  readonly version: string;
  readonly instructionSet: string;
  readonly threads: number;
  readonly calls: Calls;
}

/**
 * Decides which calls block the event loop. A short call runs synchronously: scheduling a promise would cost more than
 * the call. A long one runs in the background, and so do all others while it does, as they would have to wait for it.
 */
class Calls {
  /** Multiply-adds that take one thread about 20 milliseconds. */
  private static readonly long = 4e8;
  private inBackground = 0;

  constructor(private readonly threads: number) {}

  /** @param operations approximate multiply-adds */
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
 * Loads the addon that scripts/native.mjs built, once per process. METADESCENT_THREADS and METADESCENT_ISA ("avx512",
 * "avx2", "neon", "portable") override the machine's defaults.
 * @throws Unsupported if it is not built, does not load, or lacks what these variables ask for.
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
      `engine.name: the native engine does not start: ${(error as Error).message}. To rebuild it, remove dist/native and run npm run setup.`,
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
