import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import type { Command } from 'commander';
import type { JobSpec } from '../../contract/spec.js';
import { decodeWeights } from '../../core/weights/weights.js';
import { isJobId } from '../../jobs/ids.js';
import { CliError, exitCodes } from '../exit-codes.js';
import { type JsonOption, withJson } from '../output.js';
import { clientOf, type ServerOption, withServer } from '../remote.js';
import { RunFolder } from '../run-folder.js';
import { readSpecFile, type SpecFile, specOf } from '../spec-file.js';
import { followLocally } from './train.js';
import { watchJob } from './watch.js';

interface CompareOptions extends JsonOption, ServerOption {
  out?: string;
}

export function defineCompare(program: Command): void {
  const command = program
    .command('compare')
    .summary('take a trained optimizer to any problem')
    .description(
      'Compares a trained optimizer with hand-written ones on the problem of SPEC. Where TRAINED is a file of weights, ' +
        'the comparison runs here, without a service, and leaves its files in a folder; where it is the id of a job, ' +
        'a compare job is submitted to the service and followed to its end.',
    )
    .argument('<TRAINED>', 'a .safetensors file of weights, or the id of a job that has weights')
    .argument(
      '<SPEC>',
      'a job document, YAML or JSON; of kind compare (TRAINED takes the place of its optimizer), or of kind metatrain, of which the problem and the comparison are taken',
    )
    .option('-o, --out <FOLDER>', 'where the files go (default: runs/ and the name of SPEC, -compare)');
  withJson(withServer(command), 'print the events as JSON lines').action(compare);
}

async function compare(trained: string, path: string, options: CompareOptions): Promise<void> {
  const file = await readSpecFile(path);
  if (!existsSync(trained) && isJobId(trained)) {
    const client = clientOf(options);
    const job = await client.create(comparisonOf(file, trained));
    return watchJob(client, job.id, options);
  }
  const weights = await readWeights(trained);
  const folder = new RunFolder(options.out ?? join('runs', `${basename(path, extname(path))}-compare`));
  await folder.clear();
  await followLocally({ spec: comparisonOf(file, 'local'), folder, weights }, options);
}

/** The document as a comparison of the given optimizer. */
function comparisonOf(file: SpecFile, job: string): JobSpec {
  return specOf(file, (document) => {
    if (typeof document !== 'object' || document === null || Array.isArray(document)) return document;
    const { training: _, ...rest } = document as Record<string, unknown>;
    const isMetatrain = rest.kind === 'metatrain';
    return { ...(isMetatrain ? rest : document), kind: isMetatrain ? 'compare' : rest.kind, optimizer: { job } };
  });
}

async function readWeights(path: string): Promise<Uint8Array> {
  try {
    const bytes = await readFile(path);
    decodeWeights(bytes);
    return bytes;
  } catch (error) {
    throw new CliError(
      `${path} is neither a file of weights nor a job's id: ${(error as Error).message}`,
      exitCodes.usage,
    );
  }
}
