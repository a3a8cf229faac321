import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { convert } from '../../src/api/convert.js';
import { encodeWeights, toJson, toNpz } from '../../src/weights/weights.js';
import { lstmSpec, sampleOptimizer } from '../weights/samples.js';

test('large weights are converted without blocking requests, with the same result as small ones', async () => {
  // (1 + 160 + 1) · 640 + 161 weights: 415 kB.
  const large = sampleOptimizer(lstmSpec({ layers: [160] }), 5);
  const bytes = encodeWeights(large);
  let converted = 0;
  const both = Promise.all(
    (['npz', 'json'] as const).map(async (format) => {
      const result = await convert(bytes, format);
      converted += 1;
      return Buffer.from(result);
    }),
  );
  await turn();
  assert.equal(converted, 0, 'the event loop runs meanwhile');
  assert.deepEqual(await both, [Buffer.from(toNpz(large)), Buffer.from(toJson(large))]);
});

test('a conversion that fails in its thread reports why, and the next one succeeds', async () => {
  const bytes = encodeWeights(sampleOptimizer(lstmSpec({ layers: [160] }), 5));
  const damaged = bytes.slice(0, -4);
  const results = await Promise.allSettled([convert(damaged, 'npz'), convert(bytes, 'npz')]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ['rejected', 'fulfilled'],
  );
  assert.match(String(results[0]?.status === 'rejected' && results[0].reason), /beyond the \d+ bytes of data/);
});
