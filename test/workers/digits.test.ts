import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { decodeWeights } from '../../src/weights/weights.js';
import { withRedis } from '../support/redis.js';
import { Harness, lossesIn, states } from './harness.js';
import { smallTraining } from './specs.js';

describe('a worker with a job on digits', () => {
  const redis = withRedis();
  let harness: Harness;
  before(async () => {
    harness = await Harness.open(redis);
  });
  afterEach(async () => {
    delete process.env.METADESCENT_MNIST;
    await harness.closeWorkers();
  });
  after(() => harness.close());

  const spec = smallTraining(60, {
    problem: { name: 'mnist', hidden: [2], batch: 8 },
    optimizer: { name: 'lstm', layers: [2], preprocess: { name: 'log-sign-deepmind' }, outputScale: 0.01 },
    training: { iterations: 60, horizon: 20, unroll: 5, validation: { every: 30, functions: 1 } },
  });

  it('reads them, and resumes with the same ones after a child was killed', async () => {
    const worker = await harness.startWorker({ concurrency: 2, checkpointEvery: 20 });
    const { struck, other, events, steady } = await harness.struck(worker, spec);
    assert.equal(states(events).at(-1)?.state, 'succeeded');
    assert.equal(lossesIn(events).length, 60 * 5);
    assert.deepEqual(lossesIn(events), lossesIn(steady));
    const weights = await harness.read(struck, 'weights');
    assert.deepEqual(weights, await harness.read(other, 'weights'));
    assert.equal(decodeWeights(weights).provenance.problem?.name, 'mnist');
  });

  it('fails it as unsupported if they are missing, and reports where they should be', async () => {
    process.env.METADESCENT_MNIST = '/nonexistent';
    await harness.startWorker();
    const last = states(await harness.watch(await harness.submit(spec))).at(-1);
    assert.equal(last?.state, 'failed');
    assert.equal(last.reason?.code, 'unsupported');
    assert.match(last.reason.message, /\/nonexistent, which METADESCENT_MNIST names, is no folder that can be read/);
  });
});
