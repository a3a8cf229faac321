import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Bucket } from '../../src/contract/loss-buckets.js';
import { type LossSeries, widthFor } from '../../src/contract/losses.js';
import type { Asked, LossesQuery } from '../../src/contract/queries.js';
import { fromWire } from '../../src/contract/schema.js';
import type { Attempt } from '../../src/jobs/attempts.js';
import { readSparklines } from '../../src/jobs/redis/sparklines.js';
import { withRedis } from '../support/redis.js';
import { testSeed, uniform } from '../weights/samples.js';
import { type Harness, openHarness } from './harness.js';

/** The points of each meta-iteration, by the latest attempt that has it. */
type Points = Map<number, Float32Array>;

/** Meta-iterations with fewer steps than the others. */
const shortUntil = 700;
/** A spec whose summaries have a first level of 16 meta-iterations, or of 1 for few iterations. */
const specOf = (iterations: number) => ({
  maxAttempts: 10,
  training: { iterations, horizon: 20, unroll: 5, curriculum: [{ from: shortUntil, horizon: 40, unroll: 20 }] },
});

/** Appends random losses of the meta-iterations [from, to), in entries of random length. */
async function appendRandom(attempt: Attempt, [from, to]: [number, number], draw: () => number, all: Points) {
  const appended: Promise<void>[] = [];
  for (let iteration = from; iteration < to; ) {
    const perIteration = iteration < shortUntil ? 5 : 20;
    const stageEnd = iteration < shortUntil ? Math.min(to, shortUntil) : to;
    const iterations = Math.min(stageEnd - iteration, 1 + Math.floor(draw() ** 3 * 60));
    const points = Float32Array.from({ length: iterations * perIteration }, () => pointOf(draw()));
    for (let i = 0; i < iterations; i++) all.set(iteration + i, points.slice(i * perIteration, (i + 1) * perIteration));
    appended.push(attempt.append({ type: 'losses', iteration, step: 0, perIteration, points }));
    if (draw() < 0.1) appended.push(attempt.append({ type: 'progress', phase: 'validation', done: 1, total: 2 }));
    iteration += iterations;
    if (draw() < 0.3) await Promise.all(appended.splice(0));
  }
  await Promise.all(appended);
}

function pointOf(u: number): number {
  if (u < 0.02) return Number.NaN;
  if (u < 0.03) return u < 0.025 ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  return Math.log(u) * 10 ** Math.floor(u * 7);
}

/** What the series has to be, from all points. */
function expected(all: Points, query: Asked<LossesQuery>) {
  const end = Math.max(-1, ...all.keys()) + 1;
  const from = query.from ?? 0;
  const width = widthFor(from, Math.max(from, Math.min(query.to ?? end, end)), query.points ?? 1000);
  const first = Math.floor(from / width) * width;
  const last = Math.max(first, Math.min(Math.ceil(Math.min(query.to ?? end, end) / width) * width, end));
  const buckets = new Map<number, Bucket & { size: number }>();
  for (let iteration = first; iteration < last; iteration++)
    for (const point of all.get(iteration) ?? []) {
      const start = iteration - (iteration % width);
      const known = buckets.get(start) ?? {
        count: 0,
        finite: 0,
        sum: 0,
        size: 0,
        min: Infinity,
        max: -Infinity,
        last: 0,
      };
      known.count += 1;
      known.last = point;
      if (Number.isFinite(point)) {
        known.finite += 1;
        known.sum += point;
        known.size += Math.abs(point);
        known.min = Math.min(known.min, point);
        known.max = Math.max(known.max, point);
      }
      buckets.set(start, known);
    }
  return { from: first, to: last, width, buckets: [...buckets].sort(([a], [b]) => a - b) };
}

function check(series: LossSeries, all: Points, query: Asked<LossesQuery>): void {
  const { from, to, width, buckets } = expected(all, query);
  assert.deepEqual([series.from, series.to, series.iterationsPerBucket], [from, to, width]);
  assert.deepEqual(
    series.iteration,
    buckets.map(([start]) => start),
  );
  buckets.forEach(([start, { count, finite, sum, size, min, max, last }], i) => {
    assert.deepEqual(
      [series.count[i], series.finite[i], series.min[i], series.max[i], fromWire(series.last[i]!)],
      [count, finite, finite > 0 ? min : 'NaN', finite > 0 ? max : 'NaN', last],
      `bucket at ${start}`,
    );
    const error = Math.abs(fromWire(series.mean[i]!) * finite - sum);
    assert.ok(finite === 0 ? series.mean[i] === 'NaN' : error <= 1e-12 * size, `mean of the bucket at ${start}`);
  });
}

describe('losses', () => {
  const given = withRedis();
  let harness: Harness;
  before(async () => {
    harness = await openHarness(given, { maxStreamBytes: 100_000 });
  });
  after(() => harness.close());

  /** Compares random queries, and the whole, with sums over all points. */
  async function checkRandom(id: string, all: Points, draw: () => number): Promise<void> {
    const end = Math.max(-1, ...all.keys()) + 1;
    const queries = Array.from({ length: 30 }, () => {
      const [a, b] = [Math.floor(draw() * end), Math.floor(draw() * end * 1.1)];
      return { from: Math.min(a, b), to: Math.max(a, b), points: 1 + Math.floor(10 ** (draw() * 3.5)) };
    });
    for (const query of [{}, { points: 1 }, { points: 10_000 }, { from: end + 5 }, { to: 0 }, ...queries])
      check(await harness.jobs.losses(id, query), all, query);
    for (const range of [{} as Asked<LossesQuery>, ...queries.slice(0, 3)]) {
      const points: number[] = [];
      const iterations: number[] = [];
      for await (const run of await harness.jobs.lossPoints(id, range)) {
        points.push(...run.points);
        iterations.push(...Array.from(run.points, (_, p) => run.iteration + Math.floor(p / run.perIteration)));
      }
      const { from = 0, to = end } = range;
      const wanted = [...all].filter(([iteration]) => from <= iteration && iteration < to).sort(([a], [b]) => a - b);
      assert.deepEqual(
        points,
        wanted.flatMap(([, of]) => [...of]),
      );
      assert.deepEqual(
        iterations,
        wanted.flatMap(([iteration, of]) => Array.from(of, () => iteration)),
      );
    }
  }

  const summaryKeys = (id: string) => harness.redis.keys(`metadescent:losses:${id}*`);

  for (const iterations of [100, 3000, 100_000, 100_000_000])
    it(`of a job of ${iterations} meta-iterations are exact, however its attempts overlap`, async () => {
      const seed = testSeed();
      console.log(`seed ${seed}`);
      const draw = uniform(seed);
      const all: Points = new Map();
      const { id, attempt: first } = await harness.begin(specOf(iterations));
      let attempt = first;
      for (let number = 1; ; number++) {
        const end = Math.max(-1, ...all.keys()) + 1;
        const from = Math.floor((1 - draw() ** 2) * end);
        const to = Math.min(iterations, from + 1 + Math.floor(draw() * 1500));
        await appendRandom(attempt, [from, to], draw, all);
        await checkRandom(id, all, draw);
        if (number === 4) break;
        if (draw() < 0.5) await attempt.release();
        else await attempt.retry({ code: 'child-lost', message: 'killed' });
        attempt = (await harness.attempts.begin(id))!;
      }
      await attempt.succeed();
      await checkRandom(id, all, draw);

      // As a worker of an earlier version has left it.
      const made = await summaryKeys(id);
      await harness.redis.del(...made);
      await checkRandom(id, all, draw);
      assert.deepEqual((await summaryKeys(id)).sort(), made.sort());

      await harness.jobs.delete(id);
      const left = await harness.redis.keys(`*${id}*`);
      assert.deepEqual(
        left.filter((key) => !key.startsWith('metadescent:queue:')),
        [],
      );
    });

  it('of an attempt whose worker makes no summary are read from its points', async () => {
    const draw = uniform(testSeed());
    const all: Points = new Map();
    const { id, attempt } = await harness.begin(specOf(100_000));
    await appendRandom(attempt, [0, 900], draw, all);
    await harness.redis.del(...(await summaryKeys(id)));
    await checkRandom(id, all, draw);
    assert.deepEqual(await summaryKeys(id), []);
    assert.deepEqual(await readSparklines(harness.redis, [id]), [null]);
    await attempt.succeed();
    await checkRandom(id, all, draw);
    assert.notDeepEqual(await summaryKeys(id), []);
  });

  it('leave nothing behind when a job is deleted while they are summed up', async () => {
    const { id, attempt } = await harness.begin(specOf(100_000));
    await appendRandom(attempt, [0, 1500], uniform(testSeed()), new Map());
    await attempt.succeed();
    await harness.redis.del(...(await summaryKeys(id)));
    const reading = harness.jobs.losses(id, {}).catch((error) => error);
    await harness.jobs.delete(id);
    await reading;
    assert.deepEqual(await summaryKeys(id), []);
  });

  it('as small curves of many jobs', async () => {
    const draw = uniform(testSeed());
    const ids: string[] = [];
    for (const iterations of [30, 33, 500, 1300]) {
      const { id, attempt } = await harness.begin(specOf(100_000));
      await appendRandom(attempt, [0, iterations], draw, new Map());
      ids.push(id);
    }
    const { id: without } = await harness.begin();
    const curves = await readSparklines(harness.redis, [...ids, without]);
    assert.equal(curves.pop(), null);
    assert.deepEqual(
      curves.map((curve) => [curve?.iterationsPerBucket, curve?.mean.length]),
      [
        [16, 2],
        [16, 3],
        [16, 32],
        [64, 21],
      ],
    );
    for (const [i, id] of ids.entries()) {
      const { iterationsPerBucket, mean } = await harness.jobs.losses(id, { points: curves[i]!.mean.length });
      assert.equal(iterationsPerBucket, curves[i]!.iterationsPerBucket);
      const rounded = mean.map((value) => (typeof value === 'number' ? Number(value.toPrecision(5)) : value));
      assert.deepEqual(curves[i]!.mean, rounded);
    }
  });
});
