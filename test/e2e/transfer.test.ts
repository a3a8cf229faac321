import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { pino } from 'pino';
import { Client } from '../../src/client/client.js';
import type { JobEvent } from '../../src/contract/events.js';
import type { Job } from '../../src/contract/job.js';
import type { ComparisonResults } from '../../src/contract/results.js';
import { type Service, type ServiceOptions, startService } from '../../src/service/service.js';
import { withRedis } from '../support/redis.js';

/** An optimizer trained on one network for digits, registered, and evaluated on others. */
describe('a trained optimizer on other problems, through the registry', () => {
  const redis = withRedis();
  const logger = pino({ level: 'silent' });
  let service: Service;
  let client: Client;
  let job: Job;
  const open = (options: Partial<ServiceOptions>) =>
    startService({ data: redis.folder, redisUrl: redis.url, api: null, worker: null, logger, ...options });
  const submit = async (document: object) => {
    const { id } = await client.create(document);
    return id;
  };
  const watch = async (id: string) => {
    const events: JobEvent[] = [];
    for await (const event of client.events(id)) events.push(event);
    return events;
  };
  const compare = (optimizer: object, problem: object, steps = 20) => ({
    kind: 'compare',
    seed: 5,
    problem,
    optimizer,
    comparison: { functions: 4, steps, baselines: [{ name: 'sgd', learningRate: 0.1 }], resamples: 100 },
  });
  const digits = { name: 'mnist', hidden: [3], batch: 8 };

  before(async () => {
    service = await open({ api: { host: '127.0.0.1', port: 0 } });
    client = new Client(service.url);
    const worker = await open({ worker: { concurrency: 1 } });
    try {
      const id = await submit({
        kind: 'metatrain',
        problem: digits,
        optimizer: { name: 'lstm', layers: [4], preprocess: { name: 'log-sign-deepmind' }, outputScale: 0.01 },
        training: { iterations: 40, horizon: 20, unroll: 20, validation: { every: 20, functions: 2 } },
        comparison: null,
      });
      await watch(id);
      job = await client.get(id);
      assert.equal(job.state, 'succeeded', job.failure?.message);
    } finally {
      await worker.close();
    }
  });
  after(() => service.close());

  it('is evaluated for more steps, more units, two layers and ReLU, after its job was deleted', async () => {
    const record = await client.register({ name: 'digits', job: job.id });
    assert.deepEqual([record.name, record.version, record.job], ['digits', 1, job.id]);
    assert.deepEqual(record.provenance.problem, job.spec.problem);
    assert.deepEqual(record.optimizer, job.spec.kind === 'metatrain' && job.spec.optimizer);
    await client.delete(job.id);

    const worker = await open({ worker: { concurrency: 2 } });
    try {
      const cases: [steps: number, changes: object][] = [
        [20, {}],
        [200, {}],
        [20, { hidden: [6] }],
        [20, { hidden: [3, 3] }],
        [20, { activation: 'relu' }],
      ];
      const found: ComparisonResults[] = [];
      for (const [steps, changes] of cases) {
        const id = await submit(compare({ name: 'digits' }, { ...digits, ...changes }, steps));
        const { spec } = await client.get(id);
        assert.deepEqual(spec.optimizer, { name: 'digits', version: 1 }, 'the stored spec has the concrete version');
        const events = await watch(id);
        const started = events.find((event) => event.type === 'started');
        const results = await client.results(id);
        found.push(results);
        assert.deepEqual(
          results.optimizers.map(({ label }) => label),
          ['LSTM', 'SGD 0.1'],
        );
        assert.equal(results.steps, steps);
        assert.equal(results.optimizers[0]!.curve.mean.length, steps + 1);
        // Weights and biases of 784 pixels, the hidden layers, ten classes.
        const widths = [784, ...((changes as { hidden?: number[] }).hidden ?? [3]), 10];
        const coordinates = widths.slice(1).reduce((sum, width, i) => sum + (widths[i]! + 1) * width, 0);
        assert.equal(started?.coordinates, coordinates);
        assert.equal(started.weights, record.weights);
      }
      // The same functions and steps: the longer run begins exactly like the shorter one.
      const [short, long] = found.map(({ optimizers }) => optimizers[0]!.curve.mean.map(Number));
      assert.deepEqual(long!.slice(0, 21), short);
      // The loss before any step depends only on the network: with ten equally likely classes it is log 10.
      for (const { optimizers } of found)
        assert.ok(Math.abs(Number(optimizers[0]!.curve.mean[0]) - Math.log(10)) < 0.1);
    } finally {
      await worker.close();
    }
  });

  it('gives the same results as its own file, uploaded', async () => {
    const { version } = await client.optimizer({ name: 'digits' });
    const bytes = await client.weights({ name: 'digits', version });
    const uploaded = await client.upload('uploaded', new Uint8Array(bytes));
    assert.equal(uploaded.job, null);
    const worker = await open({ worker: { concurrency: 1 } });
    try {
      const results: ComparisonResults[] = [];
      for (const name of ['digits', 'uploaded']) {
        const id = await submit(compare({ name }, digits));
        await watch(id);
        results.push(await client.results(id));
      }
      assert.deepEqual(results[1], results[0]);
    } finally {
      await worker.close();
    }
  });

  it('if deleted, fails a waiting comparison with a reason; the next version does not replace it', async () => {
    const bytes = await client.weights({ name: 'uploaded', version: 1 });
    const { version } = await client.upload('passing', new Uint8Array(bytes));
    const id = await submit(compare({ name: 'passing' }, digits));
    await client.deleteOptimizer({ name: 'passing', version });
    await client.upload('passing', new Uint8Array(bytes));
    const worker = await open({ worker: { concurrency: 1 } });
    try {
      await watch(id);
      const { state, failure } = await client.get(id);
      assert.deepEqual([state, failure?.code], ['failed', 'weights-missing']);
      assert.match(failure?.message ?? '', /^\/optimizer: passing@1 was deleted from the registry after this job/);
      const next = await submit(compare({ name: 'passing' }, digits));
      await watch(next);
      assert.equal((await client.get(next)).state, 'succeeded');
    } finally {
      await worker.close();
    }
  });
});
