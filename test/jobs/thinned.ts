import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { type Cursor, cursorOf, parseCursor } from '../../src/contract/cursor.js';
import type { JobEvent, JobEventOf } from '../../src/contract/events.js';
import type { LossBucketArrays } from '../../src/contract/losses.js';
import { fromWire, toWire } from '../../src/contract/schema.js';
import type { Attempt } from '../../src/jobs/attempts.js';
import { losses } from './harness.js';

/** Writes losses, some of them not finite, with other events between, as a worker does: now in bursts, now slowly. */
export async function writeMixed(attempt: Attempt, draw: () => number, entries: number, first = 0): Promise<void> {
  const appended: Promise<void>[] = [];
  for (let iteration = first, i = 0; i < entries; i++) {
    if (draw() < 0.3) {
      const done = Math.floor(100 * draw());
      appended.push(attempt.append({ type: 'progress', phase: 'validation', done, total: 100 }));
    } else if (draw() < 0.1) {
      const loss = draw() < 0.5 ? draw() : Number.NaN;
      appended.push(attempt.append({ type: 'validation', iteration, loss, best: false }));
    } else {
      const [iterations, perIteration] = [1 + Math.floor(40 * draw() ** 3), 1 + Math.floor(20 * draw())];
      const event = losses(iteration, iterations, perIteration);
      for (let p = 0; p < event.points.length; p++) {
        event.points[p] = draw() - 0.5;
        if (draw() < 0.02) event.points[p] = draw() < 0.5 ? Number.NaN : Number.POSITIVE_INFINITY;
      }
      if (draw() < 0.02) event.points.fill(Number.NaN);
      appended.push(attempt.append(event));
      iteration += iterations;
    }
    if (draw() < 0.05) await Promise.all(appended.splice(0));
    if (draw() < 0.01) await delay(30 * draw());
  }
  await Promise.all(appended);
}

const isLoss = (event: JobEvent) => event.type === 'losses' || event.type === 'loss-buckets';

function isAfter(a: { attempt: number; seq: number }, b: { attempt: number; seq: number }): boolean {
  return a.attempt > b.attempt || (a.attempt === b.attempt && a.seq > b.seq);
}

/**
 * Holds events received with any rates, over any number of connections, against all events of the job: each exactly
 * once, losses as they were or within a sum, and every cursor true to what has been received by then.
 */
export class Received {
  private readonly losses: JobEventOf<'losses'>[];
  private readonly others: JobEvent[];
  readonly events: JobEvent[] = [];

  /** @param all the job's events, without a rate. */
  constructor(all: readonly JobEvent[]) {
    this.losses = all.filter((event) => event.type === 'losses');
    this.others = all.filter((event) => event.type !== 'losses');
  }

  get cursor(): string | null {
    const last = this.events.at(-1);
    return last ? cursorOf(last) : null;
  }

  get isComplete(): boolean {
    return this.losses.length === 0 && this.others.length === 0;
  }

  add(event: JobEvent): void {
    this.events.push(event);
    const { cursor: _, ...bare } = event;
    if (event.type === 'losses') assert.deepEqual(bare, this.losses.shift());
    else if (event.type === 'loss-buckets') this.checkSum(event);
    else assert.deepEqual(bare, this.others.shift());
    this.checkCursor(parseCursor(cursorOf(event)));
  }

  private checkSum(sum: JobEventOf<'loss-buckets'>): void {
    const end = this.losses.findIndex(({ attempt, seq }) => attempt === sum.attempt && seq === sum.seq);
    assert.ok(end >= 0, `no losses at ${sum.attempt}.${sum.seq} are still to come`);
    const summed = this.losses.splice(0, end + 1);
    assert.ok(summed.every(({ attempt }) => attempt === sum.attempt));
    assert.equal(sum.time, summed.at(-1)!.time);
    assert.equal(sum.to, Math.max(...summed.map(endOf)));
    assert.ok(sum.iteration.length <= 64);
    const from = summed[0]!.iteration;
    const { iterationsPerBucket: width } = sum;
    // The width is the smallest that will do.
    if (width > 1) assert.ok(Math.ceil(sum.to / (width / 4)) - Math.floor(from / (width / 4)) > 64);
    const expected = bucketsOf(summed, width);
    assert.deepEqual({ ...pick(sum), mean: [] }, { ...expected, mean: [] });
    for (const [i, mean] of sum.mean.entries()) {
      const error = Math.abs(fromWire(mean) - fromWire(expected.mean[i]!));
      assert.ok(mean === expected.mean[i] || error < 1e-12, `mean ${mean}, expected ${expected.mean[i]}`);
    }
  }

  /** What is still to come is what is after the cursor. */
  private checkCursor(cursor: Cursor | null): void {
    assert.ok(cursor);
    const { attempt, seq, losses } = cursor;
    const [nextLosses, nextOther] = [this.losses[0], this.others[0]];
    if (nextLosses) assert.ok(isAfter(nextLosses, { attempt, seq: losses }), 'the cursor leaves out losses');
    if (nextOther) assert.ok(isAfter(nextOther, { attempt, seq }), 'the cursor leaves out an event');
    for (const event of this.events.slice(-1))
      assert.ok(!isAfter(event, { attempt, seq: isLoss(event) ? losses : seq }), 'the cursor repeats its event');
  }
}

function pick({ iterationsPerBucket, iteration, count, finite, mean, min, max, last }: LossBucketArrays) {
  return { iterationsPerBucket, iteration, count, finite, mean, min, max, last };
}

function endOf({ iteration, perIteration, points }: JobEventOf<'losses'>): number {
  return iteration + Math.ceil(points.length / perIteration);
}

/** By brute force: every point into a list per bucket. */
function bucketsOf(events: readonly JobEventOf<'losses'>[], width: number): LossBucketArrays {
  const lists = new Map<number, number[]>();
  for (const { iteration, perIteration, points } of events)
    for (const [p, point] of points.entries()) {
      const bucket = Math.floor((iteration + Math.floor(p / perIteration)) / width) * width;
      lists.set(bucket, [...(lists.get(bucket) ?? []), fromWire(point)]);
    }
  const all = [...lists.values()];
  const finite = all.map((points) => points.filter(Number.isFinite));
  const some = (of: (points: number[]) => number) =>
    finite.map((points) => toWire(points.length ? of(points) : Number.NaN));
  return {
    iterationsPerBucket: width,
    iteration: [...lists.keys()],
    count: all.map(({ length }) => length),
    finite: finite.map(({ length }) => length),
    mean: some((points) => points.reduce((sum, x) => sum + x, 0) / points.length),
    min: some((points) => Math.min(...points)),
    max: some((points) => Math.max(...points)),
    last: all.map((points) => toWire(points.at(-1)!)),
  };
}
