import { basename, extname, join } from 'node:path';
import type { Command } from 'commander';
import { UserError } from '../../contract/user-error.js';
import { RunFolder } from '../../local/run-folder.js';
import { type AdditionFlags, useAdditions, withAdditions } from '../additions.js';
import { withJson } from '../output.js';
import { type RunOptions, runHere, withRunFolder } from '../run-here.js';
import { readSpecFile, specOf } from '../spec-file.js';

interface TrainOptions extends RunOptions, AdditionFlags {}

export function defineTrain(program: Command): void {
  const command = program
    .command('train')
    .summary('train and compare here, without a service')
    .description(
      'Trains the optimizer that SPEC describes, compares it, and writes everything to a folder: spec.json, run.json, ' +
        'weights.safetensors, results.json, comparison.svg, losses.csv (iteration, step, loss), validation.csv. ' +
        'Ctrl-C takes a checkpoint, and --resume continues from it, bit for bit. ' +
        'The same seed on the same engine gives the same weights, byte for byte.',
    )
    .argument('<SPEC>', 'a job document of kind metatrain, YAML or JSON; - is standard input');
  withRunFolder(command, 'runs/NAME, after the file name of SPEC');
  withJson(withAdditions(command), 'print the events as JSON lines').action(train);
}

async function train(path: string, options: TrainOptions): Promise<void> {
  await useAdditions(options);
  const spec = specOf(await readSpecFile(path));
  if (spec.kind !== 'metatrain')
    throw new UserError(`${path} is of kind compare: use "metadescent compare WEIGHTS SPEC".`, 'usage');
  await runHere({ spec, folder: new RunFolder(options.out ?? join('runs', runName(path))) }, options);
}

/** Name of a run's folder, after its document's file; a name of only dots would mean another folder. */
function runName(path: string): string {
  const name = basename(path, extname(path));
  return /^\.+$/.test(name) ? 'run' : name;
}
