import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { decodeWeights, toJson, toNpz } from '../weights/weights.js';

export type Conversion = 'npz' | 'json';

/** Maximum bytes of a file that is converted at once, which takes about ten milliseconds. */
const small = 128 * 1024;

let last: Promise<unknown> = Promise.resolve();

/**
 * A weights file (safetensors) in another format. Large ones are converted in a thread, one at a time, so that other
 * requests do not wait.
 */
export function convert(bytes: Uint8Array, format: Conversion): Promise<Uint8Array> {
  if (bytes.length <= small) return Promise.resolve(convertNow(bytes, format));
  const result = last.then(() => convertInThread(bytes, format));
  last = result.catch(() => undefined);
  return result;
}

export function convertNow(bytes: Uint8Array, format: Conversion): Uint8Array {
  const trained = decodeWeights(bytes);
  return format === 'npz' ? toNpz(trained) : new TextEncoder().encode(toJson(trained));
}

async function convertInThread(bytes: Uint8Array, format: Conversion): Promise<Uint8Array> {
  const thread = new Worker(new URL('./convert-thread.js', import.meta.url), { workerData: { bytes, format } });
  try {
    // Rejects on an error in the thread.
    const [converted] = await once(thread, 'message');
    return converted;
  } finally {
    await thread.terminate();
  }
}
