import type { Command } from 'commander';
import { type JsonOption, print, printJson, withJson } from '../output.js';
import { clientOf, type ServerOption, withServer } from '../remote.js';
import { readSpecFile, submissionOf } from '../spec-file.js';
import { watchJob } from './watch.js';

interface SubmitOptions extends JsonOption, ServerOption {
  watch?: boolean;
  idempotencyKey?: string;
}

export function defineSubmit(program: Command): void {
  const command = program
    .command('submit')
    .summary('submit a job to the service')
    .description('Submits the job that SPEC describes, and prints its id.')
    .argument('<SPEC>', 'a job document, YAML or JSON; - is standard input')
    .option('--watch', 'follow the job to its end, as "watch" does')
    .option('--idempotency-key <KEY>', 'the same key with the same document returns the existing job');
  withJson(withServer(command), 'print the job as JSON; with --watch, its events as JSON lines').action(submit);
}

async function submit(path: string, options: SubmitOptions): Promise<void> {
  // Checked here first: only here are the lines of the fields known.
  const document = submissionOf(await readSpecFile(path));
  const client = clientOf(options);
  const job = await client.create(document, { idempotencyKey: options.idempotencyKey });
  if (options.watch) return watchJob(client, job.id, options);
  if (options.json) printJson(job);
  else print(job.id);
}
