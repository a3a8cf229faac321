import type { JobState } from '../../../contract/events.js';
import type { JobSummary } from '../../../contract/job-summary.js';
import { matchesTitle } from '../../../contract/title-words.js';

export const jobStates = [
  'queued',
  'running',
  'paused',
  'succeeded',
  'failed',
  'cancelled',
] as const satisfies readonly JobState[];

/** Which jobs the list shows: the page's query, and that of GET /jobs. */
export interface JobFilters {
  state?: JobState | undefined;
  label?: string | undefined;
  problem?: string | undefined;
  /** Words with which words of the title begin. */
  title?: string | undefined;
}

/** The filters in a page's query; what is not one, or not a value of it, is left out. */
export function filtersOf(query: Readonly<Record<string, string>>): JobFilters {
  const text = (name: string, longest: number) => query[name]?.slice(0, longest) || undefined;
  return {
    state: jobStates.find((state) => state === query.state),
    label: text('label', 64),
    problem: text('problem', 64),
    title: text('title', 200),
  };
}

/** Whether the list shows the job, as the service decides. */
export function accepts({ state, label, problem, title }: JobFilters, job: JobSummary): boolean {
  return (
    (state === undefined || job.state === state) &&
    (label === undefined || job.labels.includes(label)) &&
    (problem === undefined || job.problem === problem) &&
    (title === undefined || matchesTitle(job.title, title))
  );
}
