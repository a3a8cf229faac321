import { type Command, Option } from 'commander';
import type { Client, OptimizerVersion, WeightsFormat } from '../../client/client.js';
import { UserError } from '../../contract/user-error.js';
import { type JsonOption, print, printJson, withJson, writeNamedFile } from '../output.js';
import { clientOf, type ServerOption, withServer } from '../remote.js';
import { trainedHelp, trainedOf } from '../trained.js';

interface WeightsOptions extends JsonOption, ServerOption {
  format: WeightsFormat;
  out?: string;
}

export function defineWeights(program: Command): void {
  const command = program
    .command('weights')
    .summary('fetch the weights of a trained optimizer')
    .description('Fetches the weights of a trained optimizer. docs/weights-format.md specifies the file.')
    .argument('<TRAINED>', trainedHelp)
    .addOption(
      new Option('--format <FORMAT>', 'file format').choices(['safetensors', 'npz', 'json']).default('safetensors'),
    )
    .option(
      '-o, --out <FILE>',
      'file to write; - is standard output (default: JOB.FORMAT, or NAME-VERSION.FORMAT for NAME@VERSION)',
    );
  withJson(withServer(command), 'print {file, bytes} as JSON').action(fetchWeights);
}

async function fetchWeights(text: string, options: WeightsOptions): Promise<void> {
  if (options.out === '-' && process.stdout.isTTY)
    throw new UserError('Weights are binary, not for a terminal: name a file with --out, or pipe them.', 'usage');
  const client = clientOf(options);
  const trained = trainedOf(text);
  const of = 'job' in trained ? trained.job : await placeOf(client, trained);
  const bytes = await client.weights(of, options.format);
  const file = options.out ?? `${typeof of === 'string' ? of : `${of.name}-${of.version}`}.${options.format}`;
  if (file === '-') {
    process.stdout.write(bytes);
    return;
  }
  await writeNamedFile(file, bytes);
  if (options.json) printJson({ file, bytes: bytes.length });
  else print(file);
}

/** Name and version: by default the newest version. */
async function placeOf(
  client: Client,
  { name, version }: { name: string; version?: number },
): Promise<OptimizerVersion> {
  return version === undefined ? client.optimizer({ name }) : { name, version };
}
