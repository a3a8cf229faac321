import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { parseJobSpec } from '../../src/contract/validate.js';
import { recordRates } from '../../src/jobs/redis/rates.js';
import { type Timed, unitsOf } from '../../src/jobs/work.js';
import { withRedis } from '../support/redis.js';
import { type Harness, jobSpec, openHarness } from './harness.js';

const tuned = { functions: 100, steps: 10, tuning: { functions: 50 } };
/** 1000 steps at 1 ms, 11 validations at 0.1 s, 500 steps of tuning at 2 ms, 1000 steps of comparison at 3 ms. */
const timed: Timed[] = [
  { part: 'training', seconds: 1, units: 1000 },
  { part: 'validation', seconds: 1.1, units: 11 },
  { part: 'tuning', seconds: 1, units: 500 },
  { part: 'comparison', seconds: 3, units: 1000 },
];

describe('recorded rates', () => {
  const redis = withRedis();
  let harness: Harness;
  before(async () => {
    harness = await openHarness(redis);
  });
  after(() => harness.close());

  const secondsOf = async (fields: object) => (await harness.jobs.dryRun(jobSpec(fields))).seconds;
  async function run(
    fields: object,
    measured: readonly Timed[],
    end: 'succeed' | 'cancel' = 'succeed',
  ): Promise<string> {
    const { id, attempt } = await harness.begin(fields);
    attempt.measure(measured);
    await attempt[end]();
    return id;
  }
  const near = (found: number | null | undefined, expected: number) =>
    assert(found != null && Math.abs(found - expected) < 1e-4 * expected, `${found} in place of ${expected}`);

  it('estimate jobs of the same kind in proportion to their work, and no others', async () => {
    const kind = { problem: { name: 'quadratic', dimension: 3 } };
    const fields = (iterations: number, others: object = {}) => ({
      ...kind,
      training: { iterations, horizon: 20, unroll: 10, validation: { every: 50 } },
      comparison: tuned,
      ...others,
    });
    assert.equal(await secondsOf(fields(100)), null);
    await run(fields(100), timed);
    const same = await secondsOf(fields(100, { seed: 5, title: 'another', labels: ['x'] }));
    // 1000 steps and 3 validations; the whole comparison.
    near(same?.training, 1 + 3 * 0.1);
    near(same?.comparison, 4);
    const longer = await secondsOf(fields(200, { comparison: { ...tuned, functions: 200, steps: 20 } }));
    near(longer?.training, 2 + 5 * 0.1);
    near(longer?.comparison, 2 * 1 + 4 * 3);
    const untuned = { ...tuned, baselines: [{ name: 'sgd', learningRate: 0.1 }] };
    const others = await secondsOf(fields(100, { comparison: untuned }));
    near(others?.training, 1 + 3 * 0.1);
    assert.equal(others?.comparison, null, 'rules with given rates are another comparison');
    assert.equal((await secondsOf(fields(100, { comparison: null })))?.comparison, null);
    assert.equal(await secondsOf(fields(100, { problem: { name: 'quadratic', dimension: 4 } })), null);
  });

  it('of evolution strategies go by the estimator, not by its perturbations', async () => {
    const fields = (estimator?: object) => ({
      problem: { name: 'quadratic', dimension: 8 },
      training: { iterations: 100, horizon: 20, unroll: 10, validation: { every: 50 }, estimator },
      comparison: null,
    });
    await run(fields({ name: 'pes' }), timed.slice(0, 2));
    near((await secondsOf(fields({ name: 'pes', sigma: 0.1, maximumLoss: 5 })))?.training, 1 + 3 * 0.1);
    assert.equal((await secondsOf(fields({ name: 'pes', analytic: true })))?.training ?? null, null);
    assert.equal((await secondsOf(fields({ name: 'es' })))?.training ?? null, null);
    await run(fields(), timed.slice(0, 2));
    near((await secondsOf(fields({ name: 'bptt' })))?.training, 1 + 3 * 0.1);
  });

  it('are averages in which recent attempts weigh more', async () => {
    const fields = { problem: { name: 'quadratic', dimension: 5 }, comparison: null };
    const part = (seconds: number): Timed[] => [
      { part: 'training', seconds, units: 1000 },
      { part: 'validation', seconds: 1, units: 1 },
    ];
    await run(fields, part(1));
    const training = async () => (await secondsOf(fields))!.training! - 11;
    near(await training(), 20);
    await run(fields, part(2));
    near(await training(), 20 * 1.3);
    for (let i = 0; i < 20; i++) await run(fields, part(2));
    assert(Math.abs((await training()) - 40) < 0.1);
  });

  it('come from cancelled jobs too, and not from attempts that were too short', async () => {
    const fields = { problem: { name: 'quadratic', dimension: 6 } };
    await run(fields, [{ part: 'training', seconds: 0.9, units: 100 }]);
    assert.equal(await secondsOf(fields), null);
    await run(fields, timed.slice(0, 2), 'cancel');
    const seconds = await secondsOf(fields);
    near(seconds?.training, 20_000 * 0.001 + 11 * 0.1);
    assert.equal(seconds?.comparison, null);
  });

  it('of a comparison go by the optimizer that it names, not by its name', async () => {
    const comparison = { functions: 10, steps: 10, baselines: [] };
    const problem = { name: 'quadratic', dimension: 7 };
    const trained = await run({ problem, comparison }, []);
    await harness.artifacts.put(trained, 'weights.safetensors', Buffer.from('weights'));
    const document = parseJobSpec({ kind: 'compare', problem, optimizer: { job: trained }, comparison });
    const { id } = (await harness.jobs.create(document)).job;
    const attempt = (await harness.attempts.begin(id))!;
    attempt.measure([{ part: 'comparison', seconds: 5, units: 100 }]);
    await attempt.succeed();
    near((await harness.jobs.dryRun(document)).seconds?.comparison, 5);
    // The same comparison at the end of a training.
    near((await secondsOf({ problem, comparison: { ...comparison, functions: 20 } }))?.comparison, 10);
  });

  it('are kept for the thousand kinds of work measured last', async () => {
    const spec = (functions: number) => jobSpec({ training: { functions }, comparison: null });
    const measured: Timed[] = [{ part: 'training', seconds: 1, units: 1 }];
    for (let functions = 1; functions <= 1010; functions++) {
      const kind = spec(functions);
      assert(kind.kind === 'metatrain');
      await recordRates(harness.redis, kind, kind.optimizer, measured);
    }
    assert.equal(await harness.redis.hlen('metadescent:rates'), 1000);
    assert.equal(await harness.redis.zcard('metadescent:rates:times'), 1000);
  });
});

describe('the work of a job', () => {
  it('counts steps, validations, and functions', () => {
    const curriculum = [{ from: 4, horizon: 40, unroll: 20 }];
    const training = { iterations: 10, horizon: 10, unroll: 10, curriculum, validation: { every: 3 } };
    const spec = jobSpec({ training, comparison: { ...tuned } });
    // Validations after 0, 3, 6, 9 and 10 meta-iterations.
    assert.deepEqual(unitsOf(spec), { training: 4 * 10 + 6 * 20, validation: 5, tuning: 500, comparison: 1000 });
    assert.deepEqual(unitsOf(jobSpec({ comparison: null })), {
      training: 20_000,
      validation: 11,
      tuning: 0,
      comparison: 0,
    });
  });
});
