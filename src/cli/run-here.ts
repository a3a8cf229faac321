import { type Command, Option } from 'commander';
import type { JobSpec } from '../contract/spec.js';
import { UserError } from '../contract/user-error.js';
import { type LocalRun, runLocally } from '../local/local-run.js';
import { isLost, type RunFolder } from '../local/run-folder.js';
import { exitCodeOfRun } from './exit-codes.js';
import { Interruption, takingCheckpoint } from './interruption.js';
import { type JsonOption, print, printComparison, printJson, say, toJsonEvent } from './output.js';
import { ProgressDisplay } from './render/progress.js';

/** Options of `train`, and of `compare` without a service: a run on this machine, in a folder of its own. */
export interface RunOptions extends JsonOption {
  out?: string;
  resume?: boolean;
  overwrite?: boolean;
}

/** @param where the folder is by default. */
export function withRunFolder(command: Command, where: string): Command {
  return command
    .option('-o, --out <FOLDER>', `folder to write to (default: ${where})`)
    .option('--resume', 'continue from the checkpoint in the folder')
    .addOption(new Option('--overwrite', 'replace the run in the folder').conflicts('resume'));
}

/** Runs what is not done yet, in its folder. */
export async function runHere(run: Pick<LocalRun, 'spec' | 'folder' | 'weights'>, options: RunOptions): Promise<void> {
  const { spec, folder } = run;
  await folder.whileLocked(say, async () => {
    const checkpoint = await openFolder(folder, spec, options);
    if (checkpoint === 'complete') say(`The run in ${folder.path} is complete.`);
    else await follow({ ...run, ...(checkpoint && { checkpoint }) }, options);
  });
}

/** The checkpoint to resume from; null to start; 'complete' if nothing is left to do. */
async function openFolder(
  folder: RunFolder,
  spec: JobSpec,
  { resume, overwrite }: RunOptions,
): Promise<Uint8Array | null | 'complete'> {
  const files = await folder.files();
  if (files.length === 0) return null;
  const refused = (what: string) => new UserError(`${folder.path} holds ${what}`, 'usage');
  // A comparison must not delete a training's files: its own input may be one of them.
  if (spec.kind === 'compare' && (await folder.holdsTraining()))
    throw refused('a training, which a comparison does not replace: name another folder with --out.');
  const record = await folder.record();
  if (record === null && !overwrite)
    throw refused(`${files.join(', ')}, but no run: add --overwrite to replace them, or --out for another folder.`);
  if (record !== null && resume) {
    if (!(await folder.isOf(spec))) throw refused('a run of another spec: see its spec.json.');
    if (isLost(record)) throw new UserError(record.failure?.message ?? 'The run failed.', 'failure');
    if (record.state === 'succeeded') return 'complete';
    const checkpoint = await folder.checkpoint();
    if (checkpoint) return checkpoint;
    say('The run ended before its first checkpoint: starting over.');
  } else if (!overwrite) {
    throw refused(
      'a run already: add --resume to continue it, --overwrite to replace it, or --out for another folder.',
    );
  }
  await folder.clear();
  return null;
}

/** Runs, shows progress, then the comparison, and sets the exit status. */
async function follow(run: Omit<LocalRun, 'signal' | 'onEvent'>, { json = false }: JsonOption): Promise<void> {
  const progress = new ProgressDisplay();
  progress.expect(run.spec);
  const interruption = new Interruption(() => progress.interrupt(takingCheckpoint));
  try {
    const { record, results } = await runLocally({
      ...run,
      signal: interruption.signal,
      onEvent: (event) => (json ? printJson(toJsonEvent(event)) : progress.show(event)),
    });
    progress.end();
    if (record.state === 'interrupted')
      say(`Interrupted: a checkpoint is in ${run.folder.path}; the same command with --resume continues from it.`);
    process.exitCode = exitCodeOfRun(record.state);
    if (json) return;
    if (results) printComparison(results);
    if (record.state !== 'interrupted') print(`Files: ${run.folder.path}`);
  } finally {
    progress.end();
    interruption.dispose();
  }
}
