import { type Command, Option } from 'commander';
import type { JobState } from '../../contract/events.js';
import type { JobSummary } from '../../contract/job-summary.js';
import type { Asked, JobsQuery } from '../../contract/queries.js';
import { formatLoss, formatTime } from '../../figures/numbers.js';
import { type JsonOption, print, printJson, printTable, tableStyle, withJson } from '../output.js';
import { clientOf, type PageOptions, type ServerOption, withPage, withServer } from '../remote.js';
import { type Column, renderTable } from '../render/table.js';

interface JobsOptions extends JsonOption, ServerOption, PageOptions {
  state?: JobState;
  label?: string;
  problem?: string;
  title?: string;
}

const states = ['queued', 'running', 'paused', 'succeeded', 'failed', 'cancelled'];

export function defineJobs(program: Command): void {
  const command = program
    .command('jobs')
    .summary('list jobs, newest first')
    .description('Lists the jobs of the service, newest first.')
    .addOption(new Option('--state <STATE>', 'only jobs in this state').choices(states))
    .option('--label <LABEL>', 'only jobs with this label')
    .option('--problem <NAME>', 'only jobs on this problem')
    .option('--title <WORDS>', 'only jobs whose titles have words that begin with these');
  withJson(withServer(withPage(command, 'jobs')), 'print {jobs, next} as one JSON document').action(listJobs);
}

type Query = Asked<Omit<JobsQuery, 'fields'>>;

async function listJobs({ state, label, problem, title, cursor, limit, ...options }: JobsOptions): Promise<void> {
  const client = clientOf(options);
  const query = { state, label, problem, title, cursor };
  if (options.json) return printJson(await collect((rest) => client.list(rest), query, limit));
  const page = await collect((rest) => client.jobSummaries(rest), query, limit);
  if (page.jobs.length === 0) return print('No jobs.');
  const titles = ['Job', 'State', 'Created', 'Progress', 'Loss', 'Title'];
  const columns = titles.map((title): Column => ({ title, align: title === 'Loss' ? 'right' : 'left' }));
  printTable(renderTable(columns, page.jobs.map(toRow), tableStyle()));
  if (page.next !== null) print(`More: --cursor ${page.next}`);
}

/** A page of the service may be shorter than its limit: as many pages as it takes. */
async function collect<T>(
  list: (query: Query) => Promise<{ jobs: T[]; next: string | null }>,
  query: Query,
  limit: number,
) {
  const page = await list({ ...query, limit });
  while (page.next !== null && page.jobs.length < limit) {
    const { jobs, next } = await list({ ...query, cursor: page.next, limit: limit - page.jobs.length });
    page.jobs.push(...jobs);
    page.next = next;
  }
  return page;
}

function toRow({ id, state, createdAt, progress, kind, title, problem }: JobSummary): string[] {
  return [
    id,
    state,
    formatTime(createdAt),
    progress === null ? '' : `${progress.phase} ${progress.done}/${progress.total}`,
    progress === null || progress.loss === null ? '' : formatLoss(progress.loss),
    title ?? `${kind} ${problem}`,
  ];
}
