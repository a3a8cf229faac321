import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type RunningApi, startApi } from '../../src/api/server.js';
import { Client } from '../../src/client/client.js';
import { cursorOf } from '../../src/contract/cursor.js';
import { ApiError } from '../../src/contract/errors.js';
import type { JobEvent } from '../../src/contract/events.js';
import { uploadLimit } from '../../src/contract/sizes.js';
import { FolderArtifactStore } from '../../src/jobs/artifacts.js';
import type { Attempt, Attempts } from '../../src/jobs/attempts.js';
import type { Jobs } from '../../src/jobs/jobs.js';
import { openAttempts, openJobs } from '../../src/jobs/redis-jobs.js';
import { encodeWeights } from '../../src/weights/weights.js';
import { withRedis } from '../support/redis.js';
import { lstmSpec, sampleOptimizer, testSeed, uniform } from '../weights/samples.js';
import { CuttingProxy } from './cutting-proxy.js';

const document = {
  kind: 'metatrain',
  problem: { name: 'parabola' },
  optimizer: { name: 'lstm', layers: [4] },
  labels: ['client-test'],
};

describe('the client', () => {
  const redis = withRedis();
  let jobs: Jobs;
  let attempts: Attempts;
  let api: RunningApi;
  let client: Client;
  before(async () => {
    const artifacts = new FolderArtifactStore(join(redis.folder, 'artifacts'));
    jobs = await openJobs({ redisUrl: redis.url, artifacts });
    attempts = await openAttempts({ redisUrl: redis.url, artifacts });
    api = await startApi({ jobs, host: '127.0.0.1', port: 0 });
    client = new Client(api.url);
  });
  after(async () => {
    await api.close();
    await attempts.close();
    await jobs.close();
  });

  async function begin(): Promise<Attempt> {
    const { id } = await client.create(document);
    const attempt = await attempts.begin(id);
    assert.ok(attempt);
    return attempt;
  }

  const points = (iteration: number) => ({
    type: 'losses' as const,
    iteration,
    step: 0,
    perIteration: 2,
    points: Float32Array.of(iteration, iteration / 2),
  });

  const isError = (code: string) => (error: unknown) => error instanceof ApiError && error.code === code;

  it('creates, gets, lists, cancels and deletes a job', async () => {
    const job = await client.create(document, { idempotencyKey: 'once' });
    assert.equal(job.state, 'queued');
    assert.equal((await client.create(document, { idempotencyKey: 'once' })).id, job.id);
    assert.deepEqual((await client.get(job.id)).spec, job.spec);
    assert.ok((await client.list({ label: 'client-test', limit: 5 })).jobs.some(({ id }) => id === job.id));
    assert.equal((await client.cancel(job.id)).state, 'cancelled');
    await assert.rejects(client.weights(job.id), isError('not-found'));
    await client.delete(job.id);
    await assert.rejects(client.get(job.id), isError('not-found'));
  });

  it('throws the service’s errors, with their pointers', async () => {
    await assert.rejects(client.create({ ...document, seed: 'one' }), (error: unknown) => {
      assert.ok(error instanceof ApiError && error.code === 'invalid-document');
      assert.equal(error.errors[0]?.pointer, '/seed');
      return true;
    });
    await assert.rejects(new Client('http://127.0.0.1:1').get('j0'), isError('unavailable'));
  });

  it('fetches the catalogue', async () => {
    const { problems } = await client.catalogue();
    assert.ok(problems.some(({ name }) => name === 'parabola'));
  });

  it('registers, uploads, lists, fetches and deletes trained optimizers', async () => {
    const file = encodeWeights(sampleOptimizer(lstmSpec({ layers: [4] }), 1)) as Uint8Array<ArrayBuffer>;
    const attempt = await begin();
    await jobs.artifacts.put(attempt.job, 'weights.safetensors', file);
    await attempt.succeed();
    const first = await client.register({ name: 'client', job: attempt.job }, { idempotencyKey: 'register' });
    assert.deepEqual([first.version, first.job], [1, attempt.job]);
    const again = await client.register({ name: 'client', job: attempt.job }, { idempotencyKey: 'register' });
    assert.deepEqual(again, first);
    const second = await client.upload('client', file);
    assert.deepEqual([second.version, second.job, second.sha256], [2, null, first.sha256]);
    assert.deepEqual(await client.optimizer({ name: 'client' }), second);
    assert.deepEqual(await client.optimizer({ name: 'client', version: 1 }), first);
    const page = await client.optimizers({ name: 'client', limit: 1 });
    assert.deepEqual(page.optimizers, [second]);
    const { optimizers, next } = await client.optimizers({ name: 'client', cursor: page.next ?? '' });
    assert.deepEqual([optimizers, next], [[first], null]);
    assert.deepEqual(Buffer.from(await client.weights(first)), Buffer.from(file));
    const text = new TextDecoder().decode(await client.weights({ name: 'client', version: 2 }, 'json'));
    assert.equal(JSON.parse(text).format, 'metadescent/1');
    await client.deleteOptimizer({ name: 'client', version: 2 });
    assert.equal((await client.optimizer({ name: 'client' })).version, 1);
    await assert.rejects(client.optimizer({ name: 'nobody' }), isError('not-found'));
    await assert.rejects(client.upload('client', file.slice(1)), isError('invalid-weights'));
    await assert.rejects(client.upload('../client', file), isError('invalid-document'));
  });

  it('reads losses, and lists artifacts', async () => {
    const attempt = await begin();
    for (let i = 0; i < 4; i++) await attempt.append(points(i));
    await attempt.succeed();
    const { mean } = await client.losses(attempt.job, { from: 1, to: 3 });
    assert.deepEqual(mean.map(Number), [0.75, 1.5]);
    const floats = await new Response(await client.lossPoints(attempt.job, 'fp32', { from: 1, to: 3 })).arrayBuffer();
    assert.deepEqual([...new Float32Array(floats)], [1, 0.5, 2, 1]);
    await assert.rejects(client.lossPoints('j0', 'csv'), isError('not-found'));
    assert.ok(Array.isArray(await client.artifacts(attempt.job)));
  });

  it('delivers each event once and in order, although its connection is cut ten times', async () => {
    const seed = testSeed();
    console.log(`seed ${seed}`);
    const random = uniform(seed);
    const attempt = await begin();
    const proxy = await CuttingProxy.open(api.url);
    const over = new AbortController();
    const collect = async (from: Client, events: JobEvent[]) => {
      for await (const event of from.events(attempt.job, { signal: over.signal })) events.push(event);
      return events;
    };
    try {
      const seen: JobEvent[] = [];
      const steady = collect(client, []);
      const unsteady = collect(new Client(proxy.url), seen);
      // A service that is unreachable from the start is an error; a lost one is waited for.
      while (seen.length === 0) await delay(1);
      let cuts = 0;
      for (let i = 0; cuts < 10; i++) {
        await attempt.append(points(i));
        // Only an open connection can be cut.
        if (proxy.connections > cuts && random() < 0.1) {
          await delay(random() * 5);
          proxy.cut();
          cuts = proxy.connections;
        }
        await delay(random() * 3);
      }
      await attempt.succeed();
      const [all, received] = await Promise.all([steady, unsteady]);
      assert.ok(proxy.connections > 10);
      assert.deepEqual(received, all);
      assert.deepEqual(all.at(-1)?.type === 'state' && all.at(-1), all.at(-1));
      const cursors = all.map(cursorOf);
      assert.equal(new Set(cursors).size, cursors.length);
    } finally {
      over.abort();
      await proxy.close();
    }
  });

  it('resumes after a cursor, and ends at once after the last one', async () => {
    const attempt = await begin();
    for (let i = 0; i < 3; i++) await attempt.append(points(i));
    await attempt.succeed();
    const all: JobEvent[] = [];
    for await (const event of client.events(attempt.job)) all.push(event);
    const rest: JobEvent[] = [];
    for await (const event of client.events(attempt.job, { cursor: cursorOf(all[2]!) })) rest.push(event);
    assert.deepEqual(rest, all.slice(3));
    const none: JobEvent[] = [];
    for await (const event of client.events(attempt.job, { cursor: cursorOf(all.at(-1)!) })) none.push(event);
    assert.deepEqual(none, []);
  });

  it('refuses a wrong cursor and an unknown job, and stops when aborted', async () => {
    const attempt = await begin();
    const drain = async (id: string, options: Parameters<Client['events']>[1]) => {
      for await (const event of client.events(id, options)) void event;
    };
    await assert.rejects(drain(attempt.job, { cursor: 'yesterday' }), isError('invalid-cursor'));
    await assert.rejects(drain('j000000000000000000', {}), isError('not-found'));
    const controller = new AbortController();
    const watching = drain(attempt.job, { signal: controller.signal });
    setTimeout(() => controller.abort(new Error('enough')), 50);
    await assert.rejects(watching, /enough/);
    await attempt.cancel();
  });

  it('sends no file that is too large, and reports a connection cut while it sends', async () => {
    await assert.rejects(client.upload('large', new Uint8Array(uploadLimit + 1)), isError('body-too-large'));
    const cutting = createServer((socket) => socket.once('data', () => socket.destroy())).listen(0, '127.0.0.1');
    await once(cutting, 'listening');
    const { port } = cutting.address() as AddressInfo;
    try {
      const sending = new Client(`http://127.0.0.1:${port}`).upload('large', new Uint8Array(uploadLimit));
      await assert.rejects(sending, (error: ApiError) => {
        assert.equal(error.code, 'unavailable');
        assert.match(error.detail, /closed the connection without a response/);
        return true;
      });
    } finally {
      cutting.close();
    }
  });

  it('requests nothing else for names that are path segments', async () => {
    for (const name of ['.', '..']) {
      await assert.rejects(async () => client.get(name), isError('not-found'));
      await assert.rejects(async () => client.cancel(name), isError('not-found'));
      await assert.rejects(async () => client.delete(name), isError('not-found'));
      await assert.rejects(async () => client.artifact('j000000000000000000', name), isError('not-found'));
      await assert.rejects(async () => client.deleteOptimizer({ name, version: 1 }), isError('not-found'));
    }
  });

  it('gives up if a lost service does not come back', async () => {
    const attempt = await begin();
    const proxy = await CuttingProxy.open(api.url);
    const events = new Client(proxy.url).events(attempt.job, { patience: 200 });
    await events.next();
    await proxy.close();
    await assert.rejects(async () => {
      for await (const event of events) void event;
    }, isError('unavailable'));
    await attempt.cancel();
  });
});
