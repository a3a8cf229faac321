import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { newtonSchulzConstants, type Orthogonalise } from '../../optimizers/newton-schulz.js';
import { Unsupported } from '../engine.js';
import { type Descriptor, Shapes } from './fields.js';

declare const opened: unique symbol;
/** What `open` returns. */
export type AddonHandle = { readonly [opened]: never };

/** The exports of native/engine/addon.cc. */
interface Exports {
  start(instructionSet: string, threads: number): [instructionSet: string, bf16: boolean];
  shape(names: readonly string[]): number;
  open(closed: AddonHandle | undefined, ...fields: unknown[]): AddonHandle;
  call(handle: AddonHandle, operation: string, background: boolean, ...fields: unknown[]): Promise<void> | undefined;
  close(handle: AddonHandle): void;
  descend(...fields: unknown[]): void;
  orthogonalise(...fields: unknown[]): void;
}

/** The addon. A field that is missing, unknown or of another kind or length throws. */
export class Addon {
  private readonly shapes: Shapes;

  constructor(private readonly exports: Exports) {
    this.shapes = new Shapes((names) => exports.shape(names));
  }

  /** @returns the instruction set's name, and whether it has products in bfloat16 */
  start(instructionSet: string, threads: number) {
    return this.exports.start(instructionSet, threads);
  }

  /**
   * Opens a handle, which keeps its state in memory of its own. native/engine/handles/ has the kinds, and how to add one.
   * @param closed a handle that is closed, to open again in place of a new one
   */
  open(descriptor: Descriptor & { readonly kind: string }, closed?: AddonHandle): AddonHandle {
    return this.exports.open(closed, ...this.shapes.pack(descriptor));
  }

  /**
   * With `background` a call runs on another thread and returns a promise; until that resolves, its arrays must not be
   * touched, and the handle takes no other call. Otherwise the results are written when the call returns.
   */
  call(handle: AddonHandle, operation: string, background: boolean, fields: Descriptor): Promise<void> | undefined {
    return this.exports.call(handle, operation, background, ...this.shapes.pack(fields));
  }

  /** Frees the handle's memory. */
  close(handle: AddonHandle): void {
    this.exports.close(handle);
  }

  /** A step of the meta-optimizer. `descended` receives the gradient's norm, and 1 if φ and Adam's means are finite, else 0. */
  descend(fields: Descriptor): void {
    this.exports.descend(...this.shapes.pack(fields));
  }

  readonly orthogonalise: Orthogonalise = (matrices, rows, columns) => {
    this.exports.orthogonalise(...this.shapes.pack({ matrices, rows, columns, ...newtonSchulzConstants }));
  };
}

export interface LoadedAddon {
  readonly addon: Addon;
  /** Identifies the sources and the compiler of the build. */
  readonly version: string;
  readonly instructionSet: string;
  /** Whether it has products in bfloat16. */
  readonly bf16: boolean;
  /** Of the products of MLP optimizers. */
  readonly precision: 'fp32' | 'bf16';
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
    const addon = new Addon(createRequire(import.meta.url)(join(folder, build.file)));
    const [instructionSet, bf16] = addon.start(process.env.METADESCENT_ISA ?? '', threads);
    loaded = {
      addon,
      version: build.version,
      instructionSet,
      bf16,
      precision: 'fp32',
      threads,
      calls: new Calls(threads),
    };
    return loaded;
  } catch (error) {
    throw new Unsupported(
      `engine.name: the native engine does not start: ${(error as Error).message}. To rebuild it, remove dist/native and run npm run setup.`,
    );
  }
}

/** The same with products in bfloat16. @throws Unsupported if it does not load, or has none. */
export function loadBf16(): LoadedAddon {
  const addon = loadAddon();
  if (addon.bf16) return { ...addon, precision: 'bf16' };
  throw new Unsupported(
    `engine.precision: "bf16" needs a processor with AVX512_BF16; here the native engine has ${addon.instructionSet}. Use "fp32".`,
  );
}

function threadsFrom(text: string | undefined): number {
  if (text === undefined || text === '') return availableParallelism();
  const threads = Number(text);
  if (!Number.isInteger(threads) || threads < 1 || threads > 1024) {
    throw new Unsupported(`METADESCENT_THREADS is "${text}": expected an integer from 1 to 1024.`);
  }
  return threads;
}
