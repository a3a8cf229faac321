import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { longestHorizon } from '../../contract/curriculum.js';
import { ApiError } from '../../contract/errors.js';
import type { Provenance } from '../../contract/provenance.js';
import type { TrainedOptimizerRef } from '../../contract/trained.js';
import { UserError } from '../../contract/user-error.js';
import { RunFolder } from '../../local/run-folder.js';
import { decodeWeights, type TrainedOptimizer } from '../../weights/weights.js';
import { type AdditionFlags, useAdditions, withAdditions } from '../additions.js';
import {
  type ComparisonFlags,
  comparisonOf,
  folderName,
  type Origin,
  withComparisonFlags,
} from '../comparison-options.js';
import { withJson } from '../output.js';
import { clientOf, type ServerOption, withServer } from '../remote.js';
import { type RunOptions, runHere, withRunFolder } from '../run-here.js';
import { parseTrained, trainedHelp } from '../trained.js';
import { watchJob } from './watch.js';

interface CompareOptions extends RunOptions, ServerOption, ComparisonFlags, AdditionFlags {}

export function defineCompare(program: Command): void {
  const command = program
    .command('compare')
    .summary('evaluate a trained optimizer on any problem')
    .description(
      'Compares a trained optimizer with hand-designed ones, on the problem of SPEC or --problem, by default on the ' +
        'one that it was trained on. If TRAINED is a file of weights, the comparison runs here, without a service, ' +
        'and writes spec.json, run.json, results.json and comparison.svg to a folder; Ctrl-C takes a checkpoint, and ' +
        '--resume continues from it. Otherwise a compare job is submitted to the service and followed to its end.',
    )
    .argument('<TRAINED>', `a .safetensors file of weights, ${trainedHelp}`)
    .argument(
      '[SPEC]',
      'a job document, YAML or JSON: of kind compare (TRAINED replaces its optimizer), or of kind metatrain (its problem and comparison are used)',
    );
  withRunFolder(command, 'runs/TRAINED[-SPEC]-compare; for weights.safetensors, the name of its folder');
  withJson(withServer(withComparisonFlags(withAdditions(command))), 'print the events as JSON lines').action(compare);
}

async function compare(text: string, path: string | undefined, options: CompareOptions): Promise<void> {
  await useAdditions(options);
  // A folder may have the same name as an optimizer.
  const isFile = statSync(text, { throwIfNoEntry: false })?.isDirectory() === false;
  const trained = isFile ? null : parseTrained(text);
  if (trained) return compareThere(trained, path, options);
  const { weights, provenance } = await readWeights(text);
  const spec = await comparisonOf(path, { job: 'local' }, async () => originOf(provenance), options);
  const folder = new RunFolder(options.out ?? join('runs', folderName(text, path)));
  await runHere({ spec, folder, weights }, options);
}

async function compareThere(
  trained: TrainedOptimizerRef,
  path: string | undefined,
  options: CompareOptions,
): Promise<void> {
  const client = clientOf(options);
  const origin = async () => {
    if ('name' in trained) return originOf((await client.optimizer(trained)).provenance);
    const { spec } = await client.get(trained.job);
    if (spec.kind === 'metatrain') return originOf(spec);
    throw new ApiError('not-found', `Job ${trained.job} is a comparison, and has no weights: name a job that trains.`);
  };
  const { id } = await client.create(await comparisonOf(path, trained, origin, options));
  return watchJob(client, id, options);
}

function originOf({ problem, training }: Pick<Provenance, 'problem' | 'training'>): Origin {
  return { problem, steps: longestHorizon(training) };
}

async function readWeights(path: string): Promise<TrainedOptimizer & { weights: Uint8Array }> {
  try {
    const weights = await readFile(path);
    return { weights, ...decodeWeights(weights) };
  } catch (error) {
    const reason = (error as Error).message;
    throw new UserError(`${path} is neither a file of weights (${reason}), nor ${trainedHelp}.`, 'usage');
  }
}
