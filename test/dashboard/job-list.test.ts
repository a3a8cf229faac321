import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JobSummary } from '../../src/contract/job-summary.js';
import type { JobFilters } from '../../src/dashboard/pages/jobs/filters.js';
import { JobList } from '../../src/dashboard/pages/jobs/job-list.js';
import { Selection } from '../../src/dashboard/pages/jobs/selection.js';
import { sampleSpec, withApi } from '../api/support.js';

const api = withApi();

/** Submits jobs with a label, one after the other. @returns their ids, newest first */
async function submit(count: number, label: string): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i++) ids.push((await api.submit({ ...sampleSpec(), labels: [label] })).id);
  return ids.sort().reverse();
}

async function summaryOf(id: string): Promise<JobSummary> {
  const { labels } = (await api.jobs.get(id)).spec;
  const { jobs } = await api.jobs.summaries({ label: labels[0]!, limit: 200 });
  return jobs.find((job) => job.id === id)!;
}

/** A list whose answers are held back until they are let through, in the order of its requests. */
function listOf(filters: JobFilters): { list: JobList; answer: () => Promise<void> } {
  const held: (() => Promise<void>)[] = [];
  const list = new JobList(
    filters,
    async (query) => {
      const given = Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined));
      const page = await api.jobs.summaries({ ...given, limit: query.limit });
      await new Promise<void>((pass) => {
        held.push(async () => {
          pass();
          await new Promise(setImmediate);
        });
        wake();
      });
      return page;
    },
    () => performance.now(),
  );
  let wake = () => {};
  const answer = async () => {
    while (held.length === 0)
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    await held.shift()!();
  };
  return { list, answer };
}

async function loaded(filters: JobFilters) {
  const { list, answer } = listOf(filters);
  void list.load();
  await answer();
  return { list, answer };
}

const idsOf = (list: JobList) => list.rows.value.map(({ id }) => id);
const changed = (jobs: JobSummary[], deleted: string[] = []) => ({ jobs, deleted, reset: false });

describe('the list of jobs', () => {
  it('grows by pages, and by new jobs at its head', async () => {
    const ids = await submit(120, 'pages');
    const { list, answer } = await loaded({ label: 'pages' });
    assert.deepEqual(idsOf(list), ids.slice(0, 50));
    const [fresh] = await submit(1, 'pages');
    // The last one belongs to a page that was not asked for.
    list.apply(changed([await summaryOf(fresh!), await summaryOf(ids.at(-1)!)]));
    assert.deepEqual(idsOf(list), [fresh, ...ids.slice(0, 50)]);
    void list.more();
    await answer();
    void list.more();
    await answer();
    assert.deepEqual([idsOf(list), list.next.value], [[fresh, ...ids], null]);
  });

  it('loses jobs that are deleted, or that its filters no longer accept', async () => {
    const [c, b, a] = await submit(3, 'gone');
    const { list } = await loaded({ label: 'gone', state: 'queued' });
    assert.deepEqual(idsOf(list), [c, b, a]);
    await api.jobs.cancel(b!);
    await api.jobs.cancel(c!);
    await api.jobs.delete(c!);
    list.apply(changed([await summaryOf(b!)], [c!]));
    assert.deepEqual(idsOf(list), [a]);
    const [other] = await submit(1, 'another');
    list.apply(changed([await summaryOf(other!)]));
    assert.deepEqual(idsOf(list), [a]);
  });

  it('keeps rows that stay, so that only their cells change', async () => {
    const [id] = await submit(2, 'same');
    const { list } = await loaded({ label: 'same' });
    const rows = list.rows.value;
    await api.jobs.cancel(id!);
    list.apply(changed([await summaryOf(id!)]));
    assert.equal(list.rows.value, rows);
    assert.equal(rows[0]!.state.value, 'cancelled');
  });

  it('does not lose what happens while an answer is on its way', async () => {
    const [b, a] = await submit(2, 'race');
    const { list, answer } = listOf({ label: 'race' });
    void list.load();
    await api.jobs.cancel(a!);
    await api.jobs.cancel(b!);
    await api.jobs.delete(b!);
    const [c] = await submit(1, 'race');
    list.apply(changed([await summaryOf(a!), await summaryOf(c!)], [b!]));
    await answer();
    assert.deepEqual(idsOf(list), [c, a]);
    assert.equal(list.rows.value[1]!.state.value, 'cancelled');
  });

  it('is fetched again, as long as it was, after a reset', async () => {
    const ids = await submit(80, 'reset');
    const { list, answer } = await loaded({ label: 'reset' });
    void list.more();
    await answer();
    await api.jobs.cancel(ids[3]!);
    await api.jobs.delete(ids[3]!);
    list.apply({ jobs: [], deleted: [], reset: true });
    await answer();
    assert.deepEqual(idsOf(list), ids.toSpliced(3, 1));
  });

  it('says why it cannot be fetched', async () => {
    const list = new JobList({}, () => api.jobs.summaries({ cursor: 'no cursor', limit: 50 }), Date.now);
    await list.load();
    assert.match(String(list.failure.value), /cursor/);
    assert.deepEqual([list.loaded.value, list.busy.value], [false, false]);
  });
});

describe('a selection', () => {
  it('extends from the row chosen last, and forgets rows that are gone', async () => {
    const [f, e, d, c, b, a] = await submit(6, 'chosen');
    const { list } = await loaded({ label: 'chosen' });
    const selection = new Selection(list.rows);
    const chosen = () => selection.chosen.value.map(({ id }) => id);
    selection.set(e!, true);
    selection.extend(b!);
    assert.deepEqual(chosen(), [e, d, c, b]);
    selection.set(c!, false);
    list.apply(changed([], [d!]));
    assert.deepEqual(chosen(), [e, b]);
    selection.setAll(true);
    assert.deepEqual(chosen(), [f, e, c, b, a]);
    selection.setAll(false);
    assert.equal(selection.count.value, 0);
  });
});
