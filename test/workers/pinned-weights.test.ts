import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, afterEach, before, describe, it } from 'node:test';
import { artifactNames } from '../../src/contract/job.js';
import { parseJobSpec } from '../../src/contract/validate.js';
import { openAttempts } from '../../src/jobs/redis-jobs.js';
import { withRedis } from '../support/redis.js';
import { Harness, states, until } from './harness.js';
import { smallComparison, smallTraining } from './specs.js';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('the weights that a job compares', () => {
  const redis = withRedis();
  let harness: Harness;
  before(async () => {
    harness = await Harness.open(redis);
  });
  afterEach(() => harness.closeWorkers());
  after(() => harness.close());

  const { engine, problem } = smallTraining(1);
  const compare = (job: string, comparison: object = smallComparison) =>
    harness.submit(parseJobSpec({ kind: 'compare', engine, problem, comparison, optimizer: { job } }));

  /** A finished job with this many meta-iterations. */
  async function trained(iterations: number): Promise<string> {
    const job = await harness.submit(smallTraining(iterations));
    assert.equal(states(await harness.watch(job)).at(-1)?.state, 'succeeded');
    return job;
  }

  it('have their digest in its record, its events and its results', async () => {
    await harness.startWorker();
    const named = await trained(50);
    const digest = sha256(await harness.read(named, 'weights'));
    const job = await compare(named);
    assert.equal((await harness.jobs.get(job)).weightsSha256, digest);
    const events = await harness.watch(job);
    assert.equal(events.find((event) => event.type === 'started')?.weightsSha256, digest);
    assert.equal(events.find((event) => event.type === 'comparison')?.results.weightsSha256, digest);
    assert.equal((await harness.jobs.get(named)).weightsSha256, undefined);
  });

  it('are the same at every attempt: other weights fail it, and are never mixed in', async () => {
    const worker = await harness.startWorker({ checkpointEvery: 20 });
    const [named, other] = [await trained(50), await trained(100)];
    const job = await compare(named, { ...smallComparison, functions: 200_000, steps: 100 });
    const { pid } = await until(() => worker.children().find((child) => child.job === job));
    await until(async () => (await harness.artifacts.list(job)).includes(artifactNames.checkpoint));
    await harness.artifacts.put(named, artifactNames.weights, await harness.read(other, 'weights'));
    process.kill(pid!, 'SIGKILL');
    const { state, reason } = states(await harness.watch(job)).at(-1)!;
    assert.deepEqual([state, reason?.code], ['failed', 'weights-changed']);
    assert.match(reason!.message, /SHA-256 [0-9a-f]{64}, now [0-9a-f]{64}/);
    assert.ok(!(await harness.artifacts.list(job)).includes(artifactNames.results));
  });

  it('are pinned by the first attempt if the job that it names is still training', async () => {
    const attempts = await openAttempts({ redisUrl: redis.url, artifacts: harness.artifacts });
    const training = await harness.submit(smallTraining(1000));
    await harness.artifacts.put(training, artifactNames.weights, Buffer.from('so far'));
    const begun = await attempts.begin(training);
    const job = await compare(training);
    assert.equal((await harness.jobs.get(job)).weightsSha256, undefined);
    const first = (await attempts.begin(job))!;
    assert.equal(first.weightsSha256, null);
    const { sha256: weightsSha256 } = (await first.namedWeights())!;
    assert.equal(weightsSha256, sha256(Buffer.from('so far')));
    const info = { engine: 'native', backend: 'cpu', version: '1', instructionSet: 'portable', threads: 1 };
    const started = { engine: info, coordinates: 1, weights: 1, weightsSha256, iterations: 0, unroll: 0 };
    await first.append({ type: 'started', ...started });
    await first.retry({ code: 'child-lost', message: 'killed' });
    assert.equal((await attempts.begin(job))?.weightsSha256, weightsSha256);
    assert.equal((await harness.jobs.get(job)).weightsSha256, weightsSha256);
    await begun?.succeed();
    await attempts.close();
  });
});
