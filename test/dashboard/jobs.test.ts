import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JobSummary } from '../../src/contract/job-summary.js';
import { accepts, filtersOf } from '../../src/dashboard/pages/jobs/filters.js';
import { JobRow } from '../../src/dashboard/pages/jobs/job-row.js';

/** Summary of the n-th job; ids sort by time. */
function summary(n: number, fields: Partial<JobSummary> = {}): JobSummary {
  return {
    id: `j${String(n).padStart(18, '0')}`,
    kind: 'metatrain',
    title: `Job ${n}`,
    labels: [],
    problem: 'quadratic',
    optimizer: 'lstm',
    seed: 0,
    state: 'queued',
    attempt: 0,
    createdAt: new Date(1_700_000_000_000 + 1000 * n).toISOString(),
    startedAt: null,
    finishedAt: null,
    failure: null,
    progress: null,
    sparkline: null,
    ...fields,
  };
}
const running = (n: number, done: number, total = 1000): JobSummary =>
  summary(n, { state: 'running', progress: { phase: 'training', done, total, loss: 2.5 } });

describe('a row', () => {
  it('derives rate and time left from two messages', () => {
    const row = new JobRow(running(1, 100), 0);
    assert.deepEqual([row.paceText.value, row.leftText.value], ['–', '']);
    row.update(running(1, 300), 2000);
    assert.deepEqual([row.paceText.value, row.leftText.value], ['100 /s', '7 s left']);
    assert.equal(row.progressText.value, 'training 300 of 1,000');
    assert.equal(row.lossText.value, '2.500');
  });

  it('keeps the bar and the pace of the training while it validates', () => {
    const row = new JobRow(running(1, 100), 0);
    row.update(running(1, 300), 2000);
    const validating = { phase: 'validation', done: 1, total: 4, loss: 2.5 } as const;
    row.update(summary(1, { state: 'running', progress: validating }), 2100);
    assert.deepEqual([row.done.value, row.total.value], [300, 1000]);
    assert.equal(row.progressText.value, 'validation 300 of 1,000');
    assert.equal(row.paceText.value, '100 /s');
  });

  it('that is out of sight follows only the state, and catches up', () => {
    const row = new JobRow(running(1, 100), 0);
    row.show(false);
    row.update(running(1, 300), 2000);
    assert.deepEqual([row.done.value, row.paceText.value], [100, '–']);
    row.show(true);
    assert.deepEqual([row.done.value, row.paceText.value], [300, '100 /s']);
    row.show(false);
    row.update(summary(1, { state: 'cancelled' }), 3000);
    assert.equal(row.state.value, 'cancelled');
  });

  it('shows what an ended job took', () => {
    const ended = { startedAt: '2026-01-01T00:00:00.000Z', finishedAt: '2026-01-01T00:01:05.000Z' };
    const row = new JobRow(summary(1, { state: 'succeeded', ...ended }), 0);
    assert.deepEqual([row.paceText.value, row.leftText.value, row.moving.value], ['1:05 min', 'total', false]);
    const cancelled = new JobRow(summary(2, { state: 'cancelled' }), 0);
    assert.deepEqual([cancelled.paceText.value, cancelled.leftText.value], ['', '']);
  });
});

describe('filters', () => {
  it('come from the address, without what is not one', () => {
    const query = { state: 'running', label: 'a', problem: '', title: 'two words', other: 'x' };
    assert.deepEqual(filtersOf(query), { state: 'running', label: 'a', problem: undefined, title: 'two words' });
    assert.equal(filtersOf({ state: 'walking' }).state, undefined);
  });

  it('accept what the service would', () => {
    const job = summary(1, { title: 'Learning rates of Adam', labels: ['a', 'b'], state: 'failed' });
    assert(accepts({}, job));
    assert(accepts({ state: 'failed', label: 'b', problem: 'quadratic', title: 'ada LEARN' }, job));
    for (const filters of [{ state: 'running' }, { label: 'c' }, { problem: 'quad' }, { title: 'earning' }] as const)
      assert(!accepts(filters, job), JSON.stringify(filters));
  });
});
