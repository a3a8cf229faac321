import { join } from 'node:path';
import { Argument, type Command, InvalidArgumentError, Option } from 'commander';
import type { ComparisonResults } from '../../contract/results.js';
import { type Budget, budgets, type Job, jobsOf, type Suite } from '../../experiments/plan.js';
import { plans } from '../../experiments/plans.js';
import { overall } from '../../experiments/report/suite.js';
import { Reproduction } from '../../experiments/reproduction.js';
import { ReproductionFolder } from '../../experiments/reproduction-folder.js';
import { standingsOf } from '../../experiments/suite/standings.js';
import { formatCount, formatDuration } from '../../figures/numbers.js';
import { exitCodeOfRun } from '../exit-codes.js';
import { Interruption, takingCheckpoint } from '../interruption.js';
import { type JsonOption, print, printJson, say, toJsonEvent, withJson } from '../output.js';
import { ProgressDisplay } from '../render/progress.js';
import { renderSummary } from '../render/summary.js';
import { renderTable } from '../render/table.js';

interface ReproduceOptions extends JsonOption {
  budget: Budget;
  out?: string;
  weights?: string;
  overwrite?: boolean;
  dryRun?: boolean;
  checkpointEvery?: number;
}

export function defineReproduce(program: Command): void {
  const command = program
    .command('reproduce')
    .summary("repeat a paper's experiment, and write a report of it")
    .description(
      'Trains and compares as the paper does, here, without a service, and writes to a folder: report.html with figures, ' +
        'tables and specs, results.json, curves.csv, table.csv, and a folder per training and comparison, weights ' +
        'included. The time that it takes is estimated and printed first. Ctrl-C takes a checkpoint, and the same ' +
        'command resumes from it, bit for bit.',
    )
    .addArgument(new Argument('<NAME>', 'the experiment').choices([...plans.keys()]))
    .addOption(
      new Option('--budget <BUDGET>', 'quick takes minutes, standard gives the published figures, full trains longer')
        .choices(budgets)
        .default('standard'),
    )
    .option('-o, --out <FOLDER>', 'folder to write to (default: runs/NAME-BUDGET)')
    .option('--weights <FILE>', 'optimizer to compare, for an experiment that trains none')
    .option('--dry-run', 'print the jobs and the time they take, and stop')
    .option('--overwrite', 'replace what is in the folder')
    .option('--checkpoint-every <SECONDS>', 'time between checkpoints (default: 30)', parseSeconds)
    .addHelpText(
      'after',
      `\nExperiments:\n${[...plans.values()].map(({ name, title }) => `  ${name.padEnd(18)}${title}`).join('\n')}`,
    );
  withJson(command, 'print the events as JSON lines, each with the name of its job').action(reproduce);
}

async function reproduce(name: string, options: ReproduceOptions): Promise<void> {
  const folder = new ReproductionFolder(options.out ?? join('runs', `${name}-${options.budget}`));
  // A dry run writes nothing.
  if (options.dryRun) await reproduceIn(folder, name, options);
  else await folder.whileLocked(say, () => reproduceIn(folder, name, options));
}

async function reproduceIn(folder: ReproductionFolder, name: string, options: ReproduceOptions): Promise<void> {
  const { budget, json = false, weights, checkpointEvery } = options;
  const plan = plans.get(name)!;
  const before = options.overwrite && !options.dryRun ? await folder.record() : null;
  const planBefore = before && plans.get(before.plan);
  if (planBefore)
    await folder.clear([...jobsOf(planBefore, before.budget), ...(planBefore.given ?? [])].map((job) => job.name));
  const reproduction = await Reproduction.open({
    ...{ plan, budget, folder },
    ...(weights !== undefined && { weights }),
    ...(checkpointEvery !== undefined && { checkpointEvery }),
  });
  const { jobs } = reproduction;
  await announce(reproduction, plan.title);
  if (options.dryRun) return;

  const progress = new ProgressDisplay();
  const interruption = new Interruption(() => progress.interrupt(takingCheckpoint));
  let current = '';
  try {
    const state = await reproduction.run(
      interruption.signal,
      (job, index) => {
        current = job.name;
        progress.expect(job.spec);
        say(`\n[${index + 1}/${jobs.length}] ${job.title}`);
      },
      (event) => (json ? printJson({ job: current, ...(toJsonEvent(event) as object) }) : progress.show(event)),
    );
    progress.end();
    process.exitCode = exitCodeOfRun(state);
    if (state === 'interrupted')
      say(`Interrupted: a checkpoint is in ${folder.path}; the same command resumes from it.`);
    if (state !== 'succeeded') return;
    if (json) printJson({ type: 'report', path: join(folder.path, 'report.html') });
    else await printFigures(folder, jobs, plan.suite?.(budget));
  } finally {
    progress.end();
    interruption.dispose();
  }
}

/** The columns of a suite's table that are printed: the optimizer, two speed-ups, and how often it is near AdamW. */
const inTerminal = [0, 1, 3, 6, 7] as const;

/** Prints the figures of every comparison, or those of a suite's optimizers over all tasks; and where the report is. */
async function printFigures(folder: ReproductionFolder, jobs: readonly Job[], suite: Suite | undefined): Promise<void> {
  const all = new Map<string, ComparisonResults>();
  for (const { name, title, spec } of jobs) {
    const results = await folder.job(name).results();
    if (!results) continue;
    all.set(name, results);
    if (!suite) print(`\n${title}, ${renderSummary(spec, results)}`);
  }
  if (suite) {
    const { title, columns, rows } = overall(
      suite,
      standingsOf(suite, (job) => all.get(job) ?? null),
    );
    const head = inTerminal.map((i) => ({
      title: columns[i]!,
      align: i === 0 ? ('left' as const) : ('right' as const),
    }));
    const cells = rows.map((row) =>
      inTerminal.map((i) => (row[i]!.small ? `${row[i]!.text} (${row[i]!.small})` : row[i]!.text)),
    );
    print(`\n${title}; the report and suite.md have more, task by task.\n\n${renderTable(head, cells)}`);
  }
  print(`\nReport: ${join(folder.path, 'report.html')}`);
}

/** Prints the jobs, with the time that each is expected to take. */
async function announce(reproduction: Reproduction, title: string): Promise<void> {
  const { jobs, record } = reproduction;
  const done = await reproduction.done();
  const all = Object.values(record.expected).reduce((a, b) => a + b, 0);
  say(`${title} (${record.plan}, budget ${record.budget})\n`);
  const rows = jobs.map((job, i) => [
    String(i + 1),
    job.title,
    extentOf(job),
    done.has(job.name) ? 'done' : `about ${formatDuration(record.expected[job.name] ?? Number.NaN)}`,
  ]);
  say(
    renderTable(
      [
        { title: '', align: 'right' },
        { title: 'Job', align: 'left' },
        { title: 'Size', align: 'left' },
        { title: 'Time', align: 'left' },
      ],
      rows,
    ),
  );
  const left = formatDuration(await reproduction.secondsLeft());
  if (done.size === jobs.length) say('\nEverything is done; rewriting the report.');
  else if (reproduction.isResumed) say(`\nResuming: about ${left} of ${formatDuration(all)} left.`);
  else say(`\nAbout ${formatDuration(all)} on this machine, estimated from small parts of the jobs.`);
}

function extentOf({ spec }: Job): string {
  if (spec.kind === 'metatrain') return `${formatCount(spec.training.iterations)} meta-iterations`;
  const { functions, baselines, steps } = spec.comparison;
  return `${formatCount(functions)} functions, ${formatCount(steps)} steps, ${baselines.length} baselines`;
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (!(seconds >= 0) || text.trim() === '') throw new InvalidArgumentError('expected a number of seconds, 0 or more');
  return seconds;
}
