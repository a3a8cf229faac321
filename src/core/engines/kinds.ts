import { type EngineContract, engineContract } from '../../contract/engines.js';
import type { ProblemSpec } from '../../contract/problems.js';
import type { EngineSpec } from '../../contract/spec.js';
import { type Engine, Unsupported } from './engine.js';

/** An engine that jobs may run on. What needs no machine is its contract's; its libraries are loaded on demand. */
export interface EngineKind extends EngineContract {
  /** Why this machine cannot start it: a sentence that says what to do. Null if it can. */
  missing(spec: EngineSpec): Promise<string | null>;
  /**
   * @param problems of the job that it will run; none for any
   * @throws Unsupported if this machine cannot start it
   */
  open(spec: EngineSpec, problems: readonly ProblemSpec[]): Promise<Engine>;
}

const tfjs: EngineKind = {
  ...engineContract('tfjs'),
  async missing({ backend }) {
    const { loadBackend } = await import('./tfjs/backend.js');
    return reasonOf(() => loadBackend(backend));
  },
  async open(spec) {
    return (await import('./tfjs/engine.js')).createTfjsEngine(spec);
  },
};

const native: EngineKind = {
  ...engineContract('native'),
  async missing({ precision }) {
    const { loadAddon, loadBf16 } = await import('./native/addon.js');
    return reasonOf(precision === 'bf16' ? loadBf16 : loadAddon);
  },
  /** With tfjs for the gradients of problems that have no native kernels. */
  async open(spec, problems) {
    const [{ createNativeEngine }, { hasKernelsWithin }] = await Promise.all([
      import('./native/engine.js'),
      import('./native/arguments.js'),
    ]);
    const elsewhere = !problems.every(hasKernelsWithin);
    return createNativeEngine(elsewhere ? await tfjs.open(spec, problems) : undefined, spec.precision);
  },
};

/** The fastest first. */
export const engineKinds: readonly EngineKind[] = [native, tfjs];

/** The message of what a start throws as {@link Unsupported}. */
async function reasonOf(start: () => unknown): Promise<string | null> {
  try {
    await start();
    return null;
  } catch (error) {
    if (error instanceof Unsupported) return error.message;
    throw error;
  }
}
