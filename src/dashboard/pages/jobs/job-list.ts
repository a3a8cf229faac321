import { signal } from '@preact/signals';
import type { JobSummary } from '../../../contract/job-summary.js';
import type { JobChanges, JobSummaryList } from '../../../contract/lists.js';
import { accepts, type JobFilters } from './filters.js';
import { JobRow } from './job-row.js';

type Changes = Omit<JobChanges, 'cursor'>;
type FetchPage = (query: JobFilters & { cursor?: string; limit: number }) => Promise<JobSummaryList>;

const pageSize = 50;
/** Of GET /jobs. */
const largestPage = 200;
/** Requests for one page of the list: beyond it, who looks for rare jobs asks for more. */
const mostPages = 10;

/** The jobs that pass some filters, newest first, as far as they were asked for, kept up to date by what the feed reports. */
export class JobList {
  readonly rows = signal<readonly JobRow[]>([]);
  /** Cursor of the next page; null after the last. */
  readonly next = signal<string | null>(null);
  readonly failure = signal<unknown>(null);
  readonly loaded = signal(false);
  readonly busy = signal(false);
  /** What the feed has reported since a page was asked for: its answer may be older. */
  private readonly meanwhile: Changes[] = [];
  private asked = 0;

  constructor(
    readonly filters: JobFilters,
    private readonly fetchPage: FetchPage,
    private readonly clock: () => number,
  ) {}

  /** Fetches the list, as long as it was. A failure is left in `failure`. */
  load(): Promise<void> {
    const wanted = Math.max(pageSize, this.rows.peek().length);
    return this.fetch(() => this.gather(null, wanted), []);
  }

  /** Fetches the next page. */
  async more(): Promise<void> {
    const cursor = this.next.peek();
    if (cursor === null || this.busy.peek()) return;
    await this.fetch(() => this.gather(cursor, pageSize), this.rows.peek());
  }

  /** With filters, a page may have fewer jobs than asked for, or none, although others follow. */
  private async gather(from: string | null, wanted: number): Promise<JobSummaryList> {
    const jobs: JobSummary[] = [];
    let next = from;
    for (let pages = 0; pages < mostPages; pages++) {
      const limit = Math.min(largestPage, wanted - jobs.length);
      const page = await this.fetchPage({ ...this.filters, ...(next !== null && { cursor: next }), limit });
      jobs.push(...page.jobs);
      next = page.next;
      if (next === null || jobs.length >= wanted) break;
    }
    return { jobs, next };
  }

  private async fetch(ask: () => Promise<JobSummaryList>, before: readonly JobRow[]): Promise<void> {
    const turn = ++this.asked;
    this.busy.value = true;
    this.meanwhile.length = 0;
    try {
      const { jobs, next } = await ask();
      // Another request took its place.
      if (turn !== this.asked) return;
      const known = new Map(this.rows.peek().map((row) => [row.id, row]));
      const kept = new Set(before.map(({ id }) => id));
      const fetched = jobs.filter(({ id }) => !kept.has(id)).map((job) => this.rowOf(job, known));
      this.rows.value = [...before, ...fetched];
      this.next.value = next;
      this.failure.value = null;
      this.loaded.value = true;
      for (const changes of this.meanwhile) this.put(changes);
    } catch (error) {
      if (turn === this.asked) this.failure.value = error;
    } finally {
      if (turn === this.asked) this.busy.value = false;
    }
  }

  /** Takes in what has changed. */
  apply(changes: Changes): void {
    if (changes.reset) {
      void this.load();
      return;
    }
    if (this.busy.peek()) this.meanwhile.push(changes);
    if (this.loaded.peek()) this.put(changes);
  }

  private put({ jobs, deleted }: Changes): void {
    const rows = this.rows.peek();
    const known = new Map(rows.map((row) => [row.id, row]));
    const gone = new Set(deleted);
    const fresh: JobRow[] = [];
    for (const job of jobs) {
      const row = known.get(job.id);
      if (row) row.update(job, this.clock());
      if (!accepts(this.filters, job)) gone.add(job.id);
      else if (!row && this.reaches(job)) fresh.push(new JobRow(job, this.clock()));
    }
    if (fresh.length === 0 && !rows.some(({ id }) => gone.has(id))) return;
    const left = [...rows.filter(({ id }) => !gone.has(id)), ...fresh];
    this.rows.value = left.sort(newestFirst);
  }

  /** Whether the job belongs among those that were asked for: further pages bring the older ones. */
  private reaches(job: JobSummary): boolean {
    const last = this.rows.peek().at(-1);
    return this.next.peek() === null || last === undefined || newestFirst(job, last) < 0;
  }

  private rowOf(job: JobSummary, known: ReadonlyMap<string, JobRow>): JobRow {
    const row = known.get(job.id);
    if (!row) return new JobRow(job, this.clock());
    row.update(job, this.clock());
    return row;
  }
}

/** Ids sort by time of creation. */
function newestFirst(a: { id: string }, b: { id: string }): number {
  return a.id < b.id ? 1 : -1;
}
