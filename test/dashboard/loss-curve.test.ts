import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cursorOf } from '../../src/contract/cursor.js';
import type { JobEvent } from '../../src/contract/events.js';
import { LossBuckets } from '../../src/contract/loss-buckets.js';
import { type LossSeries, widthFor } from '../../src/contract/losses.js';
import { fromWire } from '../../src/contract/schema.js';
import { LossCurve } from '../../src/dashboard/service/loss-curve.js';

/**
 * A stream and its page: the page reads series, connections and messages of buckets, all at random times.
 */

const seed = Number(process.env.TEST_SEED ?? Math.floor(Math.random() * 1e9));
const perIteration = 3;

/** Mulberry32. */
function generator(state: number): (below: number) => number {
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return Math.floor((((x ^ (x >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** Attempts that each begin at or before the end of the one before, as from a checkpoint. */
function streamOf(random: (below: number) => number): JobEvent[] {
  const events: JobEvent[] = [];
  let end = 0;
  const attempts = 1 + random(4);
  for (let attempt = 1; attempt <= attempts; attempt++) {
    let seq = 0;
    const head = () => ({ job: 'j', attempt, seq: seq++, time: 0 });
    let iteration = attempt === 1 ? 0 : random(end + 1);
    events.push({ ...head(), type: 'progress', phase: 'training', done: 0, total: 1 });
    for (let i = random(60); i >= 0; i--) {
      const length = 1 + random(9);
      const points = Array.from({ length: length * perIteration }, () => random(1000) - 300);
      events.push({ ...head(), type: 'losses', iteration, step: 0, perIteration, points });
      iteration += length;
      if (random(10) === 0) events.push({ ...head(), type: 'progress', phase: 'validation', done: 0, total: 1 });
    }
    end = Math.max(end, iteration);
  }
  events.push({ job: 'j', attempt: attempts, seq: 1000, time: 0, type: 'state', state: 'succeeded', reason: null });
  return events;
}

/** What GET /losses answers when the stream has these events: of each meta-iteration, the latest attempt's points. */
function seriesOf(events: readonly JobEvent[], points: number): LossSeries {
  const latest: number[][] = [];
  for (const event of events)
    if (event.type === 'losses')
      for (let i = 0; i * perIteration < event.points.length; i++)
        latest[event.iteration + i] = event.points.slice(i * perIteration, (i + 1) * perIteration).map(Number);
  const to = latest.length;
  const buckets = new LossBuckets(widthFor(0, to, points));
  latest.forEach((own, iteration) => {
    buckets.add(iteration, perIteration, own);
  });
  const last = events.at(-1);
  return { from: 0, to, ...buckets.toArrays(), cursor: last ? cursorOf(last) : '0.0' };
}

/** Up to `most` consecutive messages with losses as one message of buckets. */
function* messages(events: readonly JobEvent[], random: (below: number) => number): Generator<JobEvent> {
  let pending: LossBuckets | null = null;
  let last: JobEvent | null = null;
  let to = 0;
  let left = 0;
  const flush = function* (): Generator<JobEvent> {
    if (pending && last) {
      const { job, attempt, seq, time } = last;
      yield { job, attempt, seq, time, type: 'loss-buckets', to, ...pending.toArrays() };
    }
    pending = null;
  };
  for (const event of events) {
    if (event.type !== 'losses') {
      yield* flush();
      yield event;
      continue;
    }
    if (pending === null) {
      pending = new LossBuckets(4 ** random(3));
      left = random(6);
    }
    pending.add(event.iteration, perIteration, event.points);
    last = event;
    to = event.iteration + event.points.length / perIteration;
    if (left-- === 0) yield* flush();
  }
  yield* flush();
}

test('a series and the stream after it make one curve', () => {
  console.log(`TEST_SEED=${seed}`);
  const random = generator(seed);
  for (let round = 0; round < 300; round++) {
    const events = streamOf(random);
    const curve = new LossCurve(40);
    /** Events written so far. */
    let written = random(events.length);
    for (let fetched = 0, isComplete = false; !isComplete; fetched++) {
      assert.ok(fetched < 1000, 'it does not come to an end');
      const { cursor, ...series } = seriesOf(events.slice(0, written), 20);
      curve.begin({ ...series, cursor });
      isComplete = true;
      // A connection may be lost after any message; the next one resumes after it.
      let received = cursor;
      for (let isOver = false; !isOver && isComplete; ) {
        const after = events.findIndex((event) => cursorOf(event) === received);
        isOver = true;
        for (const event of messages(events.slice(after + 1), random)) {
          received = cursorOf(event);
          written = Math.max(written, events.findIndex((one) => cursorOf(one) === received) + 1);
          if (event.type === 'loss-buckets' && !curve.add(event)) {
            written = Math.min(events.length, written + random(20));
            isComplete = false;
            break;
          }
          if (event.type !== 'state' && random(20) === 0) {
            isOver = false;
            break;
          }
        }
      }
    }
    const { buckets, to } = curve;
    assert.ok(buckets);
    const all = seriesOf(events, Number.MAX_SAFE_INTEGER);
    const expected = new LossBuckets(buckets.width);
    expected.mergeAll(all);
    const [{ mean, ...rest }, { mean: means, ...others }] = [buckets.toArrays(), expected.toArrays()];
    assert.deepEqual(rest, others);
    // A mean times its count is rounded.
    assert.ok(mean.every((value, i) => Math.abs(fromWire(value) - fromWire(means[i]!)) < 1e-9));
    assert.equal(to, all.to);
  }
});
