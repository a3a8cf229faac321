import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { parseJobSpec } from '../../src/contract/validate.js';
import { decodeWeights } from '../../src/weights/weights.js';
import { withRedis } from '../support/redis.js';
import { Harness, lossesIn, states, until } from './harness.js';
import { slowTraining, smallComparison, smallEvolution, smallTraining } from './specs.js';

describe('a worker', () => {
  const redis = withRedis();
  let harness: Harness;
  before(async () => {
    harness = await Harness.open(redis);
  });
  afterEach(() => harness.closeWorkers());
  after(() => harness.close());

  it('runs a job: all its losses, its weights and results; then a comparison on those weights', async () => {
    const lines: { job?: string; attempt?: number; msg: string }[] = [];
    await harness.startWorker({ logger: pino({}, { write: (line: string) => lines.push(JSON.parse(line)) }) });
    const spec = smallTraining(200, { comparison: smallComparison });
    const job = await harness.submit(spec);
    const events = await harness.watch(job);
    assert.equal(states(events).at(-1)?.state, 'succeeded');
    assert.equal(countLosses(events), 200 * 4);
    assert.equal(decodeWeights(await harness.read(job, 'weights')).provenance.iterations, 200);
    const results = JSON.parse(String(await harness.read(job, 'results')));
    assert.deepEqual(results, events.find((e) => e.type === 'comparison')?.results);
    assert.equal((await harness.jobs.get(job)).state, 'succeeded');
    for (const msg of ['attempt started', 'attempt ended'])
      assert.ok(lines.some((line) => line.msg === msg && line.job === job && line.attempt === 1));

    const { engine, problem, comparison } = spec;
    const compared = await harness.submit(
      parseJobSpec({ kind: 'compare', engine, problem, comparison, optimizer: { job } }),
    );
    assert.equal(states(await harness.watch(compared)).at(-1)?.state, 'succeeded');
    const { weightsSha256, ...same } = JSON.parse(String(await harness.read(compared, 'results')));
    assert.deepEqual(same, results);
    assert.match(weightsSha256, /^[0-9a-f]{64}$/);
  });

  it('records how fast jobs ran: a dry run then estimates others of their kind', async () => {
    await harness.startWorker();
    const comparison = { functions: 10_000, steps: 20, baselines: [{ name: 'sgd' }], resamples: 100 };
    const spec = (iterations: number) =>
      smallTraining(100, {
        problem: { name: 'quadratic' },
        training: { iterations, horizon: 8, unroll: 4, validation: { every: 200, functions: 64 } },
        comparison,
      });
    const estimate = async (iterations: number) => (await harness.jobs.dryRun(spec(iterations))).seconds;
    assert.equal(await estimate(1000), null);
    // Until a job was long enough to be measured, on a machine of any speed.
    let iterations = 1000;
    for (; (await estimate(iterations)) === null; iterations *= 2)
      await harness.watch(await harness.submit(spec(iterations)));
    const expected = await estimate(iterations);
    assert(expected?.training != null && expected.comparison != null, JSON.stringify(expected));
    const next = await harness.submit(spec(iterations));
    await harness.watch(next);
    const { startedAt, finishedAt } = await harness.jobs.get(next);
    const took = (Date.parse(finishedAt!) - Date.parse(startedAt!)) / 1000;
    const seconds = expected.training + expected.comparison;
    assert(seconds > took / 5 && seconds < 5 * took, `${seconds} s were expected, ${took} s taken`);
  });

  for (const [name, spec] of [
    ['an LSTM by back-propagation', smallTraining(400)],
    ['an MLP by PES', smallEvolution(400)],
  ] as const)
    it(`retries a job whose child is killed, from its checkpoint and to the same bytes; other jobs continue: ${name}`, async () => {
      const worker = await harness.startWorker({ concurrency: 2, checkpointEvery: 100 });
      const { struck, other, events, steady } = await harness.struck(worker, spec);
      const reason = states(events).find((e) => e.reason)?.reason;
      assert.equal(reason?.code, 'child-lost');
      assert.match(reason.message, /signal SIGKILL/);
      assert.equal(states(events).at(-1)?.state, 'succeeded');
      const resumed = events.filter((e) => e.attempt === 2);
      assert.ok(!resumed.some((e) => e.type === 'started'));
      assert.notEqual(resumed.find((e) => e.type === 'losses')?.iteration, 0);
      assert.deepEqual(lossesIn(events), lossesIn(steady));
      assert.deepEqual(await harness.read(struck, 'weights'), await harness.read(other, 'weights'));
      assert.equal((await harness.jobs.get(other)).attempt, 1);
      // The checkpoint is no longer needed.
      await until(async () => (await harness.artifacts.list(struck)).join() === 'weights.safetensors');
    });

  it('fails a job whose last attempt has lost its child', async () => {
    const worker = await harness.startWorker();
    const job = await harness.submit(smallTraining(1_000_000, { maxAttempts: 1 }));
    const { pid } = await until(() => worker.children()[0]);
    process.kill(pid!, 'SIGKILL');
    const { state, reason } = states(await harness.watch(job)).at(-1)!;
    assert.equal(state, 'failed');
    assert.equal(reason?.code, 'child-lost');
  });

  it('cancels a running job within a second, and keeps the weights so far', async () => {
    await harness.startWorker({ checkpointEvery: 100 });
    const job = await harness.submit(smallTraining(1_000_000));
    await harness.checkpointed(job);
    const events = harness.watch(job);
    assert.ok((await timeToCancel(harness, job, events)) < 1000);
    const { iterations = 0 } = decodeWeights(await harness.read(job, 'weights')).provenance;
    assert.ok(iterations > 0 && iterations < 1_000_000);
  });

  it('cancels a job within a second even if its child does not respond, and takes the next', async () => {
    const worker = await harness.startWorker();
    const job = await harness.submit(slowTraining(300));
    const { pid } = await until(() => worker.children()[0]);
    await until(async () => (await harness.jobs.get(job)).engine);
    await delay(300);
    assert.ok((await timeToCancel(harness, job, harness.watch(job))) < 1000);
    assert.throws(() => process.kill(pid!, 0), { code: 'ESRCH' });
    const next = await harness.submit(smallTraining(1));
    assert.equal(states(await harness.watch(next)).at(-1)?.state, 'succeeded');
  });

  it('fails a job that diverges, with the reason and the last good weights', async () => {
    await harness.startWorker();
    // A linear map of the gradient with weights of about ±10: θ grows twentyfold per step.
    const job = await harness.submit(
      smallTraining(50, {
        optimizer: { name: 'lstm', layers: [], initialisation: { kernels: 'zeros' } },
        training: { iterations: 50, learningRate: 10 },
      }),
    );
    const events = await harness.watch(job);
    const { state, reason } = states(events).at(-1)!;
    assert.equal(state, 'failed');
    assert.equal(reason?.code, 'diverged');
    assert.equal(reason.message, events.find((e) => e.type === 'diverged')?.message);
    assert.equal(decodeWeights(await harness.read(job, 'weights')).provenance.bestIteration, 0);
  });

  it('fails a comparison whose weights were deleted', async () => {
    const worker = await harness.startWorker();
    const spec = smallTraining(1, { comparison: smallComparison });
    const trained = await harness.submit(spec);
    await harness.watch(trained);
    await worker.close();
    const { engine, problem, comparison } = spec;
    const compare = parseJobSpec({ kind: 'compare', engine, problem, comparison, optimizer: { job: trained } });
    const job = await harness.submit(compare);
    await harness.artifacts.delete(trained);
    await harness.startWorker();
    const { state, reason } = states(await harness.watch(job)).at(-1)!;
    assert.equal(state, 'failed');
    assert.equal(reason?.code, 'weights-missing');
  });

  it('returns its jobs when it closes, and another resumes where it stopped, without using up an attempt', async () => {
    const first = await harness.startWorker({ checkpointEvery: 100 });
    const spec = smallTraining(400, { maxAttempts: 1 });
    const job = await harness.submit(spec);
    await harness.checkpointed(job);
    await first.close();
    assert.equal((await harness.jobs.get(job)).state, 'queued');
    await harness.startWorker();
    const events = await harness.watch(job);
    assert.equal(states(events).at(-1)?.state, 'succeeded');
    assert.equal(countLosses(events), 400 * 4);
    const undisturbed = await harness.submit(spec);
    await harness.watch(undisturbed);
    assert.deepEqual(await harness.read(job, 'weights'), await harness.read(undisturbed, 'weights'));
    // Nothing was computed twice: the checkpoint was taken at the end of the stream.
    const points = events.flatMap((e) => (e.type === 'losses' ? e.points : []));
    assert.equal(points.length, 400 * 4);
  });
});

/** Number of positions in the series with a loss. */
function countLosses(events: Parameters<typeof lossesIn>[0]): number {
  return Object.keys(lossesIn(events)).length;
}

/** Milliseconds from the request to the event that confirms it. */
async function timeToCancel(harness: Harness, job: string, watched: ReturnType<Harness['watch']>): Promise<number> {
  const asked = performance.now();
  await harness.jobs.cancel(job);
  const { state } = states(await watched).at(-1)!;
  assert.equal(state, 'cancelled');
  return performance.now() - asked;
}
