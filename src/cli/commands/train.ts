import { basename, extname, join } from 'node:path';
import type { Command } from 'commander';
import type { JobSpec } from '../../contract/spec.js';
import { UserError } from '../../contract/user-error.js';
import { type LocalRun, runLocally } from '../../local/local-run.js';
import { RunFolder } from '../../local/run-folder.js';
import { exitCodeOfRun } from '../exit-codes.js';
import { Interruption, takingCheckpoint } from '../interruption.js';
import { type JsonOption, print, printComparison, printJson, say, toJsonEvent, withJson } from '../output.js';
import { type PluginFlags, usePlugins, withPlugins } from '../plugins.js';
import { ProgressDisplay } from '../render/progress.js';
import { readSpecFile, specOf } from '../spec-file.js';

interface TrainOptions extends JsonOption, PluginFlags {
  out?: string;
  resume?: boolean;
  overwrite?: boolean;
}

export function defineTrain(program: Command): void {
  const command = program
    .command('train')
    .summary('train and compare here, without a service')
    .description(
      'Trains the optimizer that SPEC describes, compares it, and leaves everything in a folder: spec.json, run.json, ' +
        'weights.safetensors, results.json, comparison.svg, losses.csv (iteration, step, loss), validation.csv. ' +
        'Ctrl-C takes a checkpoint, and --resume goes on from there bit for bit. ' +
        'The same seed on the same engine gives the same weights, byte by byte.',
    )
    .argument('<SPEC>', 'a job document of kind metatrain, YAML or JSON; - is standard input')
    .option('-o, --out <FOLDER>', 'where the files go (default: runs/ and the name of SPEC)')
    .option('--resume', 'go on from the checkpoint in the folder')
    .option('--overwrite', 'replace the run that is in the folder');
  withJson(withPlugins(command), 'print the events as JSON lines').action(train);
}

async function train(path: string, options: TrainOptions): Promise<void> {
  await usePlugins(options);
  const spec = specOf(await readSpecFile(path));
  if (spec.kind !== 'metatrain')
    throw new UserError(`${path} is of kind compare: use "metadescent compare WEIGHTS SPEC".`, 'usage');
  const folder = new RunFolder(options.out ?? join('runs', basename(path, extname(path))));
  await folder.whileLocked(say, async () => {
    const checkpoint = await openFolder(folder, spec, options);
    if (checkpoint === 'complete') return;
    await followLocally({ spec, folder, ...(checkpoint && { checkpoint }) }, options);
  });
}

/** The checkpoint to go on from; null to begin; 'complete' where there is nothing left to do. */
async function openFolder(
  folder: RunFolder,
  spec: JobSpec,
  { resume, overwrite }: TrainOptions,
): Promise<Uint8Array | null | 'complete'> {
  const record = await folder.record();
  if (record === null) return null;
  if (resume) {
    if (!(await folder.isOf(spec)))
      throw new UserError(`${folder.path} holds a run of another spec: see its spec.json.`, 'usage');
    if (record.state === 'failed') throw new UserError(record.failure?.message ?? 'The run failed.', 'failure');
    if (record.state === 'succeeded') {
      say(`The run in ${folder.path} is complete.`);
      return 'complete';
    }
    const checkpoint = await folder.checkpoint();
    if (checkpoint) return checkpoint;
    say('The run was ended before its first checkpoint: it begins anew.');
  } else if (!overwrite) {
    throw new UserError(
      `${folder.path} holds a run already: add --resume to go on with it, --overwrite to replace it, or --out for another folder.`,
      'usage',
    );
  }
  await folder.clear();
  return null;
}

/** Runs, shows how it goes, then the comparison; the exit status tells how it ended. */
export async function followLocally(
  run: Omit<LocalRun, 'signal' | 'onEvent'>,
  { json = false }: JsonOption,
): Promise<void> {
  const progress = new ProgressDisplay();
  const interruption = new Interruption(() => progress.interrupt(takingCheckpoint));
  try {
    const { record, results } = await runLocally({
      ...run,
      signal: interruption.signal,
      onEvent: (event) => (json ? printJson(toJsonEvent(event)) : progress.show(event)),
    });
    progress.end();
    if (record.state === 'interrupted')
      say(`Interrupted: a checkpoint is in ${run.folder.path}; --resume goes on from it.`);
    process.exitCode = exitCodeOfRun(record.state);
    if (json) return;
    if (results) printComparison(results);
    if (record.state !== 'interrupted') print(`Files: ${run.folder.path}`);
  } finally {
    progress.end();
    interruption.dispose();
  }
}
