import { type Command, Option } from 'commander';
import type { JobState } from '../../contract/events.js';
import type { Job } from '../../contract/job.js';
import { formatLoss, formatTime } from '../../figures/numbers.js';
import { type JsonOption, print, printJson, printTable, tableStyle, withJson } from '../output.js';
import { clientOf, type PageOptions, type ServerOption, withPage, withServer } from '../remote.js';
import { type Column, renderTable } from '../render/table.js';

interface JobsOptions extends JsonOption, ServerOption, PageOptions {
  state?: JobState;
  label?: string;
}

const states = ['queued', 'running', 'paused', 'succeeded', 'failed', 'cancelled'];

export function defineJobs(program: Command): void {
  const command = program
    .command('jobs')
    .summary('list jobs, newest first')
    .description('Lists the jobs of the service, newest first.')
    .addOption(new Option('--state <STATE>', 'only jobs in this state').choices(states))
    .option('--label <LABEL>', 'only jobs with this label');
  withJson(withServer(withPage(command, 'jobs')), 'print {jobs, next} as one JSON document').action(listJobs);
}

async function listJobs({ state, label, cursor, limit, ...options }: JobsOptions): Promise<void> {
  const page = await clientOf(options).list({ state, label, cursor, limit });
  if (options.json) return printJson(page);
  if (page.jobs.length === 0) return print('No jobs.');
  const titles = ['Job', 'State', 'Created', 'Progress', 'Loss', 'Title'];
  const columns = titles.map((title): Column => ({ title, align: title === 'Loss' ? 'right' : 'left' }));
  printTable(renderTable(columns, page.jobs.map(toRow), tableStyle()));
  if (page.next !== null) print(`More: --cursor ${page.next}`);
}

function toRow({ id, state, createdAt, progress, spec }: Job): string[] {
  return [
    id,
    state,
    formatTime(createdAt),
    progress === null ? '' : `${progress.phase} ${progress.done}/${progress.total}`,
    progress === null || progress.loss === null ? '' : formatLoss(progress.loss),
    spec.title ?? `${spec.kind} ${spec.problem.name}`,
  ];
}
