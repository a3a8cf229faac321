import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pino } from 'pino';
import { startApi } from '../../src/api/server.js';
import { Client } from '../../src/client/client.js';
import type { JobEvent } from '../../src/contract/events.js';
import type { RegisteredOptimizer } from '../../src/contract/registry.js';
import { startRedisServer } from '../../src/service/redis/server.js';
import { command, start } from '../cli/command.js';
import { errorOf } from '../jobs/harness.js';
import { createTemporaryFolder } from '../support/redis.js';
import { Harness } from '../workers/harness.js';
import { root } from './processes.js';

/** Data folders of version 0.1.0 (made by scripts/data-folder.mjs), opened by the current version. */

type Digests = Record<string, string>;
interface Expected {
  /** Version of the native engine that made the checkpoints. */
  native: string;
  finished: { id: string; name: string; document: object; state: string; code: string | null; digests: Digests }[];
  optimizers: RegisteredOptimizer[];
  /** Two jobs with a checkpoint, and their results without interruption. */
  unfinished: { id: string; name: 'tfjs' | 'native'; digests: Digests }[];
  queued: string;
  run: { digests: Digests };
}
type DigestJob = (url: string, id: string) => Promise<Digests>;
type DigestWeights = (bytes: Uint8Array) => string;

const scripts = join(root, 'scripts/digests');
const { digestJob } = (await import(join(scripts, 'job.mjs'))) as { digestJob: DigestJob };
const { digestWeights } = (await import(join(scripts, 'canonical.mjs'))) as { digestWeights: DigestWeights };
const archive = join(root, 'test/fixtures/data-0.1.0.tar.gz');

/** Where the checkpoints were made: they need this instruction set, and this Redis or a later one. */
const avx2 = { METADESCENT_ISA: 'avx2' };

describe('data of version 0.1.0', { skip: missing() }, () => {
  let folder: Awaited<ReturnType<typeof createTemporaryFolder>>;
  let expected: Expected;
  /** Whether the native engine is exactly the one that made the checkpoints: same sources, same compiler. */
  let sameEngine: boolean;
  before(async () => {
    folder = await createTemporaryFolder();
    const { status, stderr } = spawnSync('tar', ['-xzf', archive, '-C', folder.path], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    expected = JSON.parse(readFileSync(join(folder.path, 'expected.json'), 'utf8'));
    const { version } = JSON.parse(readFileSync(join(root, 'dist/native/native.json'), 'utf8'));
    sameEngine = version === expected.native;
    if (!sameEngine) console.log(`The native engine is ${version}, the checkpoints' is ${expected.native}.`);
  });
  after(() => folder.remove());

  describe('after SIGTERM', () => {
    let server: ReturnType<typeof start>;
    let client: Client;
    let url = '';
    before(async () => {
      const data = join(folder.path, 'stopped');
      server = start(['serve', '--data', data, '--port', '0', '--concurrency', '2', '--log-level', 'warn'], {
        env: avx2,
      });
      url = (await server.until('stderr', /Serving at (\S+)/))[1]!;
      client = new Client(url);
    });
    after(async () => {
      server.child.kill('SIGTERM');
      assert.equal((await server.ended).code, 0);
    });

    it('lists every job, with its state, weights, losses and results', async () => {
      const { jobs } = await client.list({ limit: 100 });
      const { finished, unfinished, queued } = expected;
      const ids = [...finished.map(({ id }) => id), ...unfinished.map(({ id }) => id), queued];
      assert.deepEqual(jobs.map(({ id }) => id).sort(), ids.sort());
      for (const { id, name, state, code, digests } of finished) {
        const job = await client.get(id);
        assert.deepEqual([job.state, job.failure?.code ?? null], [state, code], name);
        if (state !== 'cancelled') assert.deepEqual(await digestJob(url, id), digests, name);
      }
      const labelled = await client.list({ label: 'unfinished' });
      assert.deepEqual(labelled.jobs.map(({ id }) => id).sort(), unfinished.map(({ id }) => id).sort());
    });

    it('knows the idempotency keys', async () => {
      for (const { id, name, document } of expected.finished) {
        const options = { idempotencyKey: `key-of-${name}` };
        assert.equal((await client.create(document, options)).id, id);
        await assert.rejects(
          client.create({ ...document, title: 'Another' }, options),
          errorOf('idempotency-conflict'),
        );
      }
      const { id: job } = expected.finished.find(({ name }) => name === 'succeeded')!;
      const { version } = await client.register({ name: 'learned', job }, { idempotencyKey: 'key-of-learned' });
      assert.equal(version, 1);
    });

    it('has the registered optimizers, for comparisons, and never reuses a version number', async () => {
      for (const optimizer of expected.optimizers) {
        const found = await client.optimizer(optimizer);
        assert.deepEqual({ ...found, ...optimizer }, found);
      }
      const by = (wanted: string) => expected.finished.find(({ name }) => name === wanted)!;
      const { id } = await client.create(by('comparison-by-name').document);
      assert.equal(await ending(client.events(id)), 'succeeded');
      if (sameEngine) assert.deepEqual(await digestJob(url, id), by('comparison-by-name').digests);
      const next = await client.register({ name: 'learned', job: by('succeeded').id });
      assert.equal(next.version, 3);
    });

    it('resumes the jobs with a checkpoint, bit for bit, or reports why one starts over', async () => {
      for (const { id, name, digests } of expected.unfinished) {
        const events: JobEvent[] = [];
        for await (const event of client.events(id)) events.push(event);
        assert.equal((await client.get(id)).state, 'succeeded');
        const resumed = events.find((event) => event.type === 'losses' && event.attempt === 2);
        assert.ok(resumed?.type === 'losses');
        if (name === 'tfjs' || sameEngine) {
          assert.ok(resumed.iteration > 0, 'it began where the checkpoint was taken');
          assert.deepEqual(await digestJob(url, id), digests, name);
        } else {
          assert.equal(resumed.iteration, 0);
          await server.until('stderr', refusal);
        }
      }
    });
  });

  it('after SIGKILL: the running jobs are resumed, bit for bit', async () => {
    const data = join(folder.path, 'killed');
    const redis = await startRedisServer({ folder: join(data, 'redis') });
    const harness = await Harness.open({ url: redis.url, folder: data });
    const api = await startApi({ jobs: harness.jobs, host: '127.0.0.1', port: 0, logger: pino({ level: 'silent' }) });
    const before = process.env.METADESCENT_ISA;
    try {
      Object.assign(process.env, avx2);
      // The lost worker's locks have long expired.
      await harness.startWorker({ concurrency: 2, lockDuration: 500 });
      for (const { id, name, digests } of expected.unfinished) {
        const events = await harness.watch(id);
        assert.equal(events.at(-1)?.attempt, 3);
        assert.equal((await harness.jobs.get(id)).state, 'succeeded');
        if (name === 'tfjs' || sameEngine) assert.deepEqual(await digestJob(api.url, id), digests, name);
      }
    } finally {
      if (before === undefined) delete process.env.METADESCENT_ISA;
      else process.env.METADESCENT_ISA = before;
      await api.close();
      await harness.close();
      await redis.stop();
    }
  });

  it('an interrupted run is refused on another instruction set, or else resumed bit for bit', async () => {
    const run = join(folder.path, 'run');
    const resume = (env: Record<string, string>) =>
      command(['train', join(run, 'spec.json'), '--out', run, '--resume'], { env });
    const { code, stderr } = await resume({ METADESCENT_ISA: 'portable' });
    assert.equal(code, 2, stderr);
    assert.match(stderr, refusal);
    assert.doesNotMatch(stderr, /\n {4}at /);
    assert.ok(existsSync(join(run, 'checkpoint.safetensors')));
    const resumed = await resume(avx2);
    assert.equal(resumed.code, sameEngine ? 0 : 2, resumed.stderr);
    if (!sameEngine) return assert.match(resumed.stderr, refusal);
    assert.equal(digestWeights(readFileSync(join(run, 'weights.safetensors'))), expected.run.digests.weights);
  });
});

const refusal = /The checkpoint belongs to a different engine: .*\. Resume with that engine .*, or start over/;

async function ending(events: AsyncIterable<JobEvent>): Promise<string | undefined> {
  let state: string | undefined;
  for await (const event of events) if (event.type === 'state') state = event.state;
  return state;
}

/** What the archive needs and this machine lacks, or false. */
function missing(): string | false {
  const flags = existsSync('/proc/cpuinfo') ? readFileSync('/proc/cpuinfo', 'utf8') : '';
  if (!/\bavx2\b/.test(flags)) return 'its checkpoints need AVX2, which this machine does not have or does not report';
  if (!existsSync(join(root, 'dist/native/native.json'))) return 'the native engine is not built';
  const { stdout } = spawnSync('redis-server', ['--version'], { encoding: 'utf8' });
  const major = Number(/v=(\d+)/.exec(stdout ?? '')?.[1] ?? 8);
  return major < 7 ? `Redis ${major} does not read the files of Redis 7` : false;
}
