import { readFile, stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { uploadLimit } from '../../contract/sizes.js';
import { UserError } from '../../contract/user-error.js';
import { type JsonOption, print, printJson, withJson } from '../output.js';
import { clientOf, type ServerOption, withServer } from '../remote.js';
import { withName } from './register.js';

interface UploadOptions extends JsonOption, ServerOption {
  name: string;
  idempotencyKey?: string;
}

export function defineUpload(program: Command): void {
  const command = program
    .command('upload')
    .summary('register a file of weights under a name')
    .description(
      'Registers a file of weights as the next version of a name, and prints NAME@VERSION. The service checks the file ' +
        'first.',
    )
    .argument('<FILE>', 'a .safetensors file of weights');
  withJson(withServer(withName(command)), 'print the record as JSON').action(upload);
}

async function upload(path: string, { name, ...options }: UploadOptions): Promise<void> {
  const unreadable = (error: Error) => {
    throw new UserError(`${path} cannot be read: ${error.message}`, 'usage');
  };
  const { size } = await stat(path).catch(unreadable);
  if (size > uploadLimit)
    throw new UserError(`${path} has ${size} bytes; at most ${uploadLimit} are accepted.`, 'usage');
  const bytes = await readFile(path).catch(unreadable);
  const record = await clientOf(options).upload(name, bytes, options);
  if (options.json) printJson(record);
  else print(`${record.name}@${record.version}`);
}
