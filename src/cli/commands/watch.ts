import type { Command } from 'commander';
import type { Client } from '../../client/client.js';
import type { JobEventOf, JobState } from '../../contract/events.js';
import type { ComparisonResults } from '../../contract/results.js';
import { exitCodeOfState, exitCodes } from '../exit-codes.js';
import { Interruption } from '../interruption.js';
import { type JsonOption, outputLost, print, printComparison, printJson, say, withJson } from '../output.js';
import { clientOf, type ServerOption, withServer } from '../remote.js';
import { ProgressDisplay } from '../render/progress.js';

/** Summaries of the losses per second: no more can be seen. */
const summaries = 10;

interface WatchOptions extends JsonOption, ServerOption {
  cursor?: string;
}

export function defineWatch(program: Command): void {
  const command = program
    .command('watch')
    .summary('follow a job to its end')
    .description(
      'Shows the progress of a job, then its comparison. The exit status reports how the job ended. Ctrl-C stops ' +
        'watching, not the job. A lost connection is reopened, and no event is missed.',
    )
    .argument('<JOB>', 'id of the job')
    .option('--cursor <CURSOR>', 'only the events after this one (attempt.seq)');
  withJson(withServer(command), 'print the events as JSON lines').action((id: string, options: WatchOptions) =>
    watchJob(clientOf(options), id, options),
  );
}

/** Follows a job to its final state, which sets the exit status, or to Ctrl-C. */
export async function watchJob(client: Client, id: string, options: WatchOptions): Promise<void> {
  const interruption = new Interruption(() => {});
  try {
    await followJob(client, id, options, interruption.signal);
    if (!interruption.signal.aborted) return;
    say(`The job continues; "metadescent watch ${id}" shows it again.`);
    process.exitCode = exitCodes.interrupted;
  } finally {
    interruption.dispose();
  }
}

/**
 * Follows a job to its final state, which sets the exit status, or to the signal.
 * @returns the comparison, if the job has made one.
 */
export async function followJob(
  client: Client,
  id: string,
  { json = false, cursor }: WatchOptions,
  signal: AbortSignal,
): Promise<ComparisonResults | null> {
  const progress = new ProgressDisplay();
  const stopped = json ? AbortSignal.any([signal, outputLost]) : signal;
  let state: JobState | null = null;
  let comparison: JobEventOf<'comparison'> | null = null;
  try {
    // The job's first events may be before the cursor, or no longer kept.
    if (!json) progress.expect((await client.get(id)).spec);
    const thinned = json ? {} : { rate: summaries };
    for await (const event of client.events(id, {
      signal: stopped,
      ...thinned,
      ...(cursor !== undefined && { cursor }),
    })) {
      if (json) printJson(event);
      else progress.show(event);
      if (event.type === 'state') state = event.state;
      if (event.type === 'comparison') comparison = event;
    }
  } catch (error) {
    if (stopped.aborted) return null;
    throw error;
  } finally {
    progress.end();
  }
  // After a cursor at the final event, nothing comes.
  state ??= (await client.get(id)).state;
  // Results too large for an event are fetched.
  const results = comparison?.artifact === undefined || json ? comparison?.results : await client.results(id);
  if (!json && results) printComparison(results);
  if (!json) print(`${id}: ${state}`);
  process.exitCode = exitCodeOfState(state);
  return results ?? null;
}
