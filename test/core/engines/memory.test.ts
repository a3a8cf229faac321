import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isOutOfMemory } from '../../../src/core/engines/out-of-memory.js';
import { loadBackend } from '../../../src/core/engines/tfjs/backend.js';

it('the wasm backend’s heap, when it is full, says so and leaves the tensors there as they are', async () => {
  // Loading it twice guards it once.
  await loadBackend('wasm');
  const { tf } = await loadBackend('wasm');
  const first = tf.tensor1d([1, 2, 3]);
  const before = tf.memory().numTensors;
  // Gibibytes that are reserved but never touched cost nothing.
  const backend = tf.backend() as unknown as { makeOutput(shape: number[], dtype: 'float32'): { dataId: object } };
  const reserved: { dataId: object }[] = [];
  assert.throws(
    () => {
      for (let i = 0; i < 8; i++) reserved.push(backend.makeOutput([2 ** 28], 'float32'));
    },
    (error: Error) =>
      isOutOfMemory(error) &&
      /1073741824 bytes more do not fit the wasm backend's heap of 4 GiB; take fewer/.test(error.message),
  );
  // Allocations inside an operation fail the same way.
  assert.throws(() => tf.tidy(() => tf.add(tf.zeros([2 ** 28]), 1)), /do not fit/);
  assert.equal(tf.memory().numTensors, before);
  assert.deepEqual([...first.dataSync()], [1, 2, 3]);
  for (const { dataId } of reserved) tf.backend().disposeData(dataId);
  assert.deepEqual([...tf.add(first, 1).dataSync()], [2, 3, 4]);
});
