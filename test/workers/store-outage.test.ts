import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, afterEach, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { withRedis } from '../support/redis.js';
import { Harness, states, until } from './harness.js';
import { smallTraining } from './specs.js';

const program = fileURLToPath(new URL('./starved-process.js', import.meta.url));

describe('a worker that has run out of descriptors', () => {
  const redis = withRedis();
  let harness: Harness;
  let worker: ChildProcess;
  let ended: Promise<unknown>;
  let said: string;
  before(async () => {
    harness = await Harness.open(redis);
  });
  afterEach(async () => {
    worker.kill('SIGKILL');
    await ended;
  });
  after(() => harness.close());

  async function startWorker(storePatience = 600_000): Promise<void> {
    said = '';
    const limited = ['-c', 'ulimit -n 512; exec "$@"', 'sh', process.execPath, program];
    worker = spawn('sh', [...limited, redis.url, redis.folder, String(storePatience)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    ended = once(worker, 'close');
    worker.stdout!.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    await until(() => said.includes('ready'));
  }

  /** Takes the worker's descriptors, or releases them. */
  async function hoard(yes: boolean): Promise<void> {
    said = '';
    worker.kill('SIGUSR2');
    await until(() => said.includes(`hoarding ${yes}`));
  }

  const waits = () => until(() => /EMFILE.*the job is waiting; retrying/.test(said));

  it('lets a starting job wait, and the next one, which has no process yet', async () => {
    await startWorker();
    await hoard(true);
    const jobs = [await harness.submit(smallTraining(1)), await harness.submit(smallTraining(1))];
    await waits();
    await hoard(false);
    for (const job of jobs) {
      assert.equal(states(await harness.watch(job)).at(-1)?.state, 'succeeded');
      assert.equal((await harness.jobs.get(job)).attempt, 1);
    }
  });

  it('lets an ending job wait: its weights are kept', async () => {
    await startWorker();
    const job = await harness.submit(smallTraining(1000));
    const started = await until(() => /"pid":(\d+),"msg":"attempt started"/.exec(said));
    const child = Number(started[1]);
    await until(async () => (await harness.jobs.get(job)).progress);
    process.kill(child, 'SIGSTOP');
    await hoard(true);
    process.kill(child, 'SIGCONT');
    await waits();
    await hoard(false);
    assert.equal(states(await harness.watch(job)).at(-1)?.state, 'succeeded');
    assert.equal((await harness.jobs.get(job)).attempt, 1);
    assert.ok((await harness.read(job, 'weights')).length > 0);
  });

  it('fails a job only after its patience, and reports why', async () => {
    await startWorker(1000);
    await hoard(true);
    const job = await harness.submit(smallTraining(1));
    const { state, reason } = states(await harness.watch(job)).at(-1)!;
    assert.equal(state, 'failed');
    assert.match(reason!.message, /^The job gave up after 1 s of retries: .*EMFILE/);
  });

  it('can cancel a waiting job, or return it to the queue', async () => {
    await startWorker();
    await hoard(true);
    const cancelled = await harness.submit(smallTraining(1));
    await waits();
    await harness.jobs.cancel(cancelled);
    assert.equal(states(await harness.watch(cancelled)).at(-1)?.state, 'cancelled');
    said = '';
    const job = await harness.submit(smallTraining(1));
    await waits();
    worker.kill('SIGTERM');
    await ended;
    const { state, attempt } = await harness.jobs.get(job);
    assert.deepEqual([state, attempt], ['queued', 1]);
  });
});
