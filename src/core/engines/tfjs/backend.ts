import { createRequire } from 'node:module';
import type { EngineSpec } from '../../../contract/spec.js';
import type { Tf } from '../../problems/problem.js';
import { Unsupported } from '../engine.js';

export type Backend = Exclude<EngineSpec['backend'], 'auto'>;

// The packages' ES modules lack the file endings that Node asks for; their CommonJS builds load as they are.
const require = createRequire(import.meta.url);

/**
 * Loads tfjs with one backend, once per process.
 * @throws Unsupported if the backend's package is not installed or does not start.
 */
export async function loadBackend(wanted: EngineSpec['backend']): Promise<{ tf: Tf; backend: Backend }> {
  const backend = wanted === 'auto' ? (hasTensorflow() ? 'tensorflow' : 'wasm') : wanted;
  if (backend === 'tensorflow' && !hasTensorflow()) {
    throw new Unsupported(
      'engine.backend: "tensorflow" needs @tensorflow/tfjs-node-gpu, which is not installed on this worker: install it, or ask for "wasm" or "auto".',
    );
  }
  const tf: Tf = require('@tensorflow/tfjs-core');
  // Without it, tfjs advertises on the console.
  tf.enableProdMode();
  if (backend === 'tensorflow') require('@tensorflow/tfjs-node-gpu');
  else require(`@tensorflow/tfjs-backend-${backend}`);
  if (!(await tf.setBackend(backend))) {
    throw new Unsupported(`engine.backend: tfjs could not start its ${backend} backend on this machine.`);
  }
  await tf.ready();
  if (backend === 'wasm') guardMemory(tf);
  return { tf, backend };
}

/**
 * Throws when the backend's heap of 4 GiB is full. tfjs would write at address 0, over other tensors, and continue with
 * wrong numbers.
 */
function guardMemory(tf: Tf): void {
  const { wasm } = tf.backend() as unknown as { wasm: { _malloc: Malloc } };
  if (guarded.has(wasm._malloc)) return;
  // The heap's function replaces itself at its first call.
  tf.scalar(0).dispose();
  const allocate = wasm._malloc;
  wasm._malloc = (bytes) => {
    const address = allocate(bytes);
    if (address === 0) throw new RangeError(outOfMemory(bytes));
    return address;
  };
  guarded.add(wasm._malloc);
}

type Malloc = (bytes: number) => number;
const guarded = new WeakSet<Malloc>();

function outOfMemory(bytes: number): string {
  return `allocation failed: ${bytes} bytes more do not fit the wasm backend's heap of 4 GiB; take fewer functions or coordinates, a shorter unroll, or the "cpu" backend`;
}

function hasTensorflow(): boolean {
  try {
    require.resolve('@tensorflow/tfjs-node-gpu');
    return true;
  } catch {
    return false;
  }
}
