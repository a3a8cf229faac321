import { createRequire } from 'node:module';
import type { EngineSpec } from '../../../contract/spec.js';
import type { Tf } from '../../problems/problem.js';
import { Unsupported } from '../engine.js';

export type Backend = Exclude<EngineSpec['backend'], 'auto'>;

// The packages' ES modules lack the file endings that Node asks for; their CommonJS builds load as they are.
const require = createRequire(import.meta.url);

/**
 * Loads tfjs with one backend, once a process.
 * @throws Unsupported where the backend's package is not installed or does not start.
 */
export async function loadBackend(wanted: EngineSpec['backend']): Promise<{ tf: Tf; backend: Backend }> {
  const backend = wanted === 'auto' ? (hasTensorflow() ? 'tensorflow' : 'wasm') : wanted;
  if (backend === 'tensorflow' && !hasTensorflow()) {
    throw new Unsupported(
      'engine.backend: "tensorflow" needs @tensorflow/tfjs-node-gpu, which is not installed on this worker: install it, or ask for "wasm" or "auto".',
    );
  }
  const tf: Tf = require('@tensorflow/tfjs-core');
  if (backend === 'tensorflow') require('@tensorflow/tfjs-node-gpu');
  else require(`@tensorflow/tfjs-backend-${backend}`);
  if (!(await tf.setBackend(backend))) {
    throw new Unsupported(`engine.backend: tfjs could not start its ${backend} backend on this machine.`);
  }
  await tf.ready();
  return { tf, backend };
}

function hasTensorflow(): boolean {
  try {
    require.resolve('@tensorflow/tfjs-node-gpu');
    return true;
  } catch {
    return false;
  }
}
