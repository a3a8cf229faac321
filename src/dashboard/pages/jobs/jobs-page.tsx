import './jobs.css';
import { useSignalEffect } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { Empty } from '../../parts/empty.js';
import { ErrorNote } from '../../parts/error-note.js';
import { Page } from '../../parts/page.js';
import { addresses } from '../../service/addresses.js';
import { api } from '../../service/api.js';
import { feedBegun, follow, online } from '../../service/feed.js';
import { BulkActions } from './bulk-actions.js';
import { FilterBar } from './filter-bar.js';
import { filtersOf } from './filters.js';
import { FirstSteps } from './first-steps.js';
import { JobList } from './job-list.js';
import { JobTable } from './job-table.js';
import { Selection } from './selection.js';

/** All jobs, live. */
export function JobsPage() {
  const filters = filtersOf(useLocation().query);
  const list = useList(filters);
  const selection = useMemo(() => new Selection(list.rows), [list]);
  const rows = list.rows.value;
  const filtered = Object.values(filters).some((value) => value !== undefined);
  const empty = list.loaded.value && rows.length === 0;
  return (
    <Page title="Jobs">
      {!(empty && !filtered) && (
        <div class="row tools">
          <FilterBar filters={filters} rows={rows} />
          <BulkActions selection={selection} />
        </div>
      )}
      {list.failure.value !== null && <ErrorNote error={list.failure.value} />}
      {empty && !filtered && <FirstSteps />}
      {empty && filtered && (
        <Empty title={list.next.value === null ? 'No job matches' : 'None of the newest jobs matches'}>
          <p>
            <a href={addresses.jobs()}>Clear the filters</a> to see all jobs.
          </p>
        </Empty>
      )}
      {rows.length > 0 && <JobTable list={list} selection={selection} />}
      {list.next.value !== null && (
        <div>
          <button type="button" class="button" disabled={list.busy.value} onClick={() => list.more()}>
            More jobs
          </button>
        </div>
      )}
    </Page>
  );
}

/** The list that was shown last: who comes back sees it at once. */
let latest: { key: string; list: JobList } | null = null;

/** The list for these filters. Until it is there, the one before stays, so that nothing jumps. */
function useList(filters: ReturnType<typeof filtersOf>): JobList {
  const key = addresses.jobs({ ...filters });
  const list = useMemo(() => {
    if (latest?.key !== key)
      latest = {
        key,
        list: new JobList(
          filters,
          (query) => api.jobSummaries(query),
          () => performance.now(),
        ),
      };
    return latest.list;
  }, [key]);
  useEffect(() => {
    const end = follow((changes) => list.apply(changes));
    void feedBegun().then(() => list.load());
    return end;
  }, [list]);
  useSignalEffect(() => {
    if (online.value && list.failure.peek() !== null) void list.load();
  });
  const shown = useRef(list);
  if (list.loaded.value || list.failure.value !== null) shown.current = list;
  return shown.current;
}
