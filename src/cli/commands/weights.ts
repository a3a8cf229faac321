import { writeFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import type { WeightsFormat } from '../../client/client.js';
import { type JsonOption, print, printJson, withJson } from '../output.js';
import { clientOf, type ServerOption, withServer } from '../remote.js';

interface WeightsOptions extends JsonOption, ServerOption {
  format: WeightsFormat;
  out?: string;
}

export function defineWeights(program: Command): void {
  const command = program
    .command('weights')
    .summary('fetch the trained optimizer')
    .description('Fetches the weights that a job has trained. docs/weights-format.md specifies the file.')
    .argument('<JOB>', 'id of the job')
    .addOption(
      new Option('--format <FORMAT>', 'of the file').choices(['safetensors', 'npz', 'json']).default('safetensors'),
    )
    .option('-o, --out <FILE>', 'where it goes; - is standard output (default: the id and the format)');
  withJson(withServer(command), 'print {file, bytes} as JSON').action(fetchWeights);
}

async function fetchWeights(id: string, options: WeightsOptions): Promise<void> {
  const bytes = await clientOf(options).weights(id, options.format);
  const file = options.out ?? `${id}.${options.format}`;
  if (file === '-') {
    process.stdout.write(bytes);
    return;
  }
  await writeFile(file, bytes);
  if (options.json) printJson({ file, bytes: bytes.length });
  else print(file);
}
