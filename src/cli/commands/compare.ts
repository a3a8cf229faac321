import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { ProblemError } from '../../contract/errors.js';
import { decodeWeights, type TrainedOptimizer } from '../../core/weights/weights.js';
import { isJobId } from '../../jobs/ids.js';
import { type ComparisonFlags, comparisonOf, folderName, withComparisonFlags } from '../comparison-options.js';
import { CliError, exitCodes } from '../exit-codes.js';
import { type JsonOption, withJson } from '../output.js';
import { clientOf, type ServerOption, withServer } from '../remote.js';
import { RunFolder } from '../run-folder.js';
import { followLocally } from './train.js';
import { watchJob } from './watch.js';

interface CompareOptions extends JsonOption, ServerOption, ComparisonFlags {
  out?: string;
}

export function defineCompare(program: Command): void {
  const command = program
    .command('compare')
    .summary('take a trained optimizer to any problem')
    .description(
      'Compares a trained optimizer with hand-written ones, on the problem of SPEC or of --problem, and else on the ' +
        'one that it was trained on. Where TRAINED is a file of weights, the comparison runs here, without a service, ' +
        'and leaves its files in a folder; where it is the id of a job, a compare job is submitted to the service and ' +
        'followed to its end.',
    )
    .argument('<TRAINED>', 'a .safetensors file of weights, or the id of a job that has weights')
    .argument(
      '[SPEC]',
      'a job document, YAML or JSON; of kind compare (TRAINED takes the place of its optimizer), or of kind metatrain, of which the problem and the comparison are taken',
    )
    .option('-o, --out <FOLDER>', 'where the files go (default: runs/ and the name of SPEC or TRAINED, -compare)');
  withJson(withServer(withComparisonFlags(command)), 'print the events as JSON lines').action(compare);
}

async function compare(trained: string, path: string | undefined, options: CompareOptions): Promise<void> {
  if (!existsSync(trained) && isJobId(trained)) return compareThere(trained, path, options);
  const { weights, provenance } = await readWeights(trained);
  const { problem, training } = provenance;
  const origin = async () => ({ problem, steps: training.horizon });
  const spec = await comparisonOf(path, { job: 'local' }, origin, options);
  const folder = new RunFolder(options.out ?? join('runs', folderName(trained, path)));
  await folder.clear();
  await followLocally({ spec, folder, weights }, options);
}

async function compareThere(job: string, path: string | undefined, options: CompareOptions): Promise<void> {
  const client = clientOf(options);
  const origin = async () => {
    const { spec } = await client.get(job);
    if (spec.kind === 'metatrain') return { problem: spec.problem, steps: spec.training.horizon };
    throw new ProblemError('not-found', `The job ${job} compares: it has no weights.`);
  };
  const { id } = await client.create(await comparisonOf(path, { job }, origin, options));
  return watchJob(client, id, options);
}

async function readWeights(path: string): Promise<TrainedOptimizer & { weights: Uint8Array }> {
  try {
    const weights = await readFile(path);
    return { weights, ...decodeWeights(weights) };
  } catch (error) {
    throw new CliError(
      `${path} is neither a file of weights nor a job's id: ${(error as Error).message}`,
      exitCodes.usage,
    );
  }
}
