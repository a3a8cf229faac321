import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JobEvent, RunEvent } from '../../src/contract/events.js';
import { LossBuckets } from '../../src/contract/loss-buckets.js';
import { fold, standingOf } from '../../src/contract/progress.js';
import { parseJobSpec } from '../../src/contract/validate.js';

const spec = parseJobSpec({
  kind: 'metatrain',
  problem: { name: 'simple' },
  optimizer: { name: 'lstm' },
  training: { iterations: 700 },
});
const losses: RunEvent = {
  type: 'losses',
  iteration: 10,
  step: 0,
  perIteration: 2,
  points: Float32Array.of(8, 6, 4, 2),
};

describe('the standing of a run', () => {
  it('has the total of a resumed run, which does not send `started` again', () => {
    const { progress, lossEnd } = fold(standingOf(spec), losses);
    assert.deepEqual(progress, { phase: 'training', done: 12, total: 700, loss: 3 });
    assert.equal(lossEnd, 12);
  });

  it('is the same from the core’s events and from a subscriber’s', () => {
    const envelope = { job: 'j', attempt: 1, seq: 2, time: 0 };
    const sent: JobEvent = { ...losses, ...envelope, points: [8, 6, 4, 2] };
    assert.deepEqual(fold(standingOf(spec), sent), fold(standingOf(spec), losses));
    const divergent: JobEvent = { ...sent, points: [8, 6, 'NaN', 2] };
    assert.equal(fold(standingOf(spec), divergent).progress?.loss, 'NaN');
  });

  it('follows sums of losses, which may come after later events', () => {
    const envelope = { job: 'j', attempt: 1, seq: 2, time: 0 };
    const buckets = new LossBuckets(4);
    buckets.add(10, 2, [8, 6, 4, 'NaN']);
    const sum: JobEvent = { ...envelope, type: 'loss-buckets', to: 12, ...buckets.toArrays() };
    const { progress, lossEnd } = fold(standingOf(spec), sum);
    assert.deepEqual(progress, { phase: 'training', done: 12, total: 700, loss: 6 });
    assert.equal(lossEnd, 12);
    const tuning: JobEvent = { ...envelope, seq: 3, type: 'progress', phase: 'tuning', done: 1, total: 9 };
    const late = [tuning, { ...sum, cursor: '1.3' }].reduce(fold, standingOf(spec));
    assert.deepEqual(late.progress, { phase: 'tuning', done: 1, total: 9, loss: 6 });
    // Only of a later phase: `started`, and a validation that is over, are before more losses.
    const before: JobEvent[] = [
      { ...envelope, type: 'progress', phase: 'validation', done: 3, total: 256 },
      { ...envelope, type: 'validation', iteration: 10, loss: 4, best: true },
    ];
    const more = (events: JobEvent[]) => [...events, { ...sum, cursor: '1.3' }].reduce(fold, standingOf(spec)).progress;
    assert.deepEqual(more(before), { phase: 'training', done: 12, total: 700, loss: 6 });
    assert.deepEqual(more(before.slice(0, 1)), { phase: 'validation', done: 3, total: 256, loss: 6 });
    const training: JobEvent = { ...envelope, type: 'progress', phase: 'training', done: 0, total: 700 };
    assert.deepEqual(more([training]), { phase: 'training', done: 12, total: 700, loss: 6 });
  });

  it('has a validation at its end once its loss is known', () => {
    const events: RunEvent[] = [
      { type: 'progress', phase: 'validation', done: 3, total: 256 },
      { type: 'validation', iteration: 1, loss: 4, best: true },
    ];
    const { progress } = events.reduce(fold, standingOf(spec));
    assert.deepEqual(progress, { phase: 'validation', done: 256, total: 256, loss: null });
  });

  it('keeps the latest of each kind', () => {
    const events: RunEvent[] = [
      losses,
      { type: 'validation', iteration: 12, loss: 0.5, best: true },
      { type: 'progress', phase: 'tuning', done: 1, total: 9 },
      { type: 'done', iterations: 700, bestIteration: 12 },
    ];
    const standing = events.reduce(fold, standingOf(spec));
    assert.deepEqual(standing.validation, { iteration: 12, loss: 0.5, best: true });
    assert.deepEqual(standing.progress, { phase: 'tuning', done: 1, total: 9, loss: 3 });
    assert.equal(standing.bestIteration, 12);
    assert.equal(standing.failure, null);
  });

  it('has a failure where the training diverged', () => {
    const event: RunEvent = { type: 'diverged', iteration: 3, where: 'loss', step: 1, message: 'not finite' };
    assert.deepEqual(fold(standingOf(spec), event).failure, { code: 'diverged', message: 'not finite' });
  });
});
