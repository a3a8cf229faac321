import { writeFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import type { JobSpec } from '../../contract/spec.js';
import { UserError } from '../../contract/user-error.js';
import { type AdditionFlags, useAdditions, withAdditions } from '../additions.js';
import { print, say } from '../output.js';
import { placeholder, type StartName, specTemplate, startNames } from '../spec-template.js';

interface InitOptions extends AdditionFlags {
  kind: JobSpec['kind'];
  problem: string;
  optimizer: StartName;
  overwrite?: boolean;
}

export function defineInit(program: Command): void {
  const command = program
    .command('init')
    .summary('write a job document to start from')
    .description(
      'Writes a job document in YAML that has every field with its default, and above it what it means and may be. ' +
        `One of kind compare names an optimizer of the registry, "${placeholder}", to be replaced.`,
    )
    .argument('[FILE]', 'file to write (default: standard output)')
    .addOption(
      new Option('--kind <KIND>', 'metatrain: train an optimizer; compare: compare a trained one')
        .choices(['metatrain', 'compare'])
        .default('metatrain'),
    )
    .option('--problem <NAME>', 'problem to train or compare on: "metadescent problems" lists them', 'quadratic')
    .addOption(
      new Option(
        '--optimizer <NAME>',
        'optimizer to train: an LSTM; or an MLP like that of Celo2-base (arXiv 2602.19142), or like the small fully ' +
          'connected one of arXiv 2203.11860',
      )
        .choices(startNames)
        .default('lstm'),
    )
    .option('--overwrite', 'replace the file');
  withAdditions(command).action(init);
}

async function init(path: string | undefined, options: InitOptions): Promise<void> {
  await useAdditions(options);
  const { kind, problem, optimizer, overwrite = false } = options;
  const template = specTemplate(kind, problem, optimizer);
  if (path === undefined) return print(template.trimEnd());
  await writeFile(path, template, { flag: overwrite ? 'w' : 'wx' }).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'EEXIST' ? 'it exists: add --overwrite to replace it' : error.message;
    throw new UserError(`${path} cannot be written: ${why}.`, 'usage');
  });
  say(`Wrote ${path}: "metadescent check ${path}" checks it.`);
}
