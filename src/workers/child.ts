import { comparisonEvent } from '../contract/comparison-event.js';
import type { JobFailure, RunEvent } from '../contract/events.js';
import { jsonBytes } from '../contract/json-pieces.js';
import { problemsOf } from '../contract/spec.js';
import { isOutOfMemory } from '../core/engines/out-of-memory.js';
import { selectEngine } from '../core/engines/select.js';
import { createRun, type Run } from '../core/run.js';
import { loadDatasets } from '../data/datasets.js';
import { type Additions, useAdditions } from './additions.js';
import { EventPack } from './event-pack.js';
import type { RunRequest } from './messages.js';
import { ParentLink } from './parent-link.js';
import { Stopwatch } from './stopwatch.js';

/** The process that runs one job: its worker forks it, sends it the job when there is one, and waits for its exit. */

// Ctrl-C in a terminal, or closing it, signals every process there; the worker decides when its children stop.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']) process.on(signal, () => {});

const parent = new ParentLink();
const additions = useAdditions(JSON.parse(process.argv[2]!) as Additions);
// If one cannot be used, the job fails with the error.
additions.catch(() => {});
try {
  await warmUp();
  const request = await parent.request;
  await additions;
  await serve(request);
} catch (error) {
  await parent.send({ type: 'failed', failure: failureOf(error), stack: (error as Error)?.stack ?? String(error) });
}
process.exit(0);

/** Loads what most jobs need. It does not use a GPU's memory before a job asks for it. */
async function warmUp(): Promise<void> {
  // If it does not load, a job that needs it reports the error.
  const native = await selectEngine({ name: 'native', backend: 'auto' }).catch(() => null);
  if (!native) await selectEngine({ name: 'tfjs', backend: 'wasm' }).catch(() => {});
}

async function serve(request: RunRequest): Promise<void> {
  const run = await open(request);
  const pack = new EventPack();
  const stopwatch = new Stopwatch(request.spec);
  const deliver = (events: RunEvent[]) => parent.deliver({ type: 'events', events, timed: stopwatch.timed });
  const flush = async () => {
    if (!pack.isEmpty) await deliver(pack.take());
  };
  const snapshot = async () => {
    // Earlier events go first, so that the stream is never behind a checkpoint.
    await flush();
    await parent.deliver({ type: 'snapshot', checkpoint: await run.checkpoint(), weights: run.weights() });
  };
  let savedAt = performance.now();
  for (;;) {
    await parent.turn();
    if (parent.stopping) return snapshot();
    if (performance.now() - savedAt >= request.checkpointEvery) {
      await snapshot();
      savedAt = performance.now();
    }
    const began = performance.now();
    const event = await run.next();
    if (event === null) throw new Error('The run ended without a final event.');
    stopwatch.add(event, (performance.now() - began) / 1000);
    if (event.type === 'done' || event.type === 'diverged') {
      await flush();
      // First, so that whoever sees the last event finds the weights.
      await parent.deliver({ type: 'snapshot', checkpoint: null, weights: run.weights() });
      return deliver([event]);
    }
    if (event.type === 'comparison') {
      await flush();
      // First, so that whoever sees the event finds the file.
      for (const bytes of jsonBytes(event.results)) {
        await parent.turn();
        await parent.deliver({ type: 'results', bytes });
      }
      await parent.deliver({ type: 'results', bytes: null });
    }
    pack.add(event.type === 'comparison' ? comparisonEvent(event.results) : event);
    if (pack.isDue) await flush();
  }
}

/** Resumes from the checkpoint if possible, or else starts over. */
async function open({ spec, weights, checkpoint }: RunRequest): Promise<Run> {
  const options = {
    spec,
    datasets: await loadDatasets(...problemsOf(spec)),
    ...(weights && { weights: weights.bytes, weightsSha256: weights.sha256 }),
  };
  if (!checkpoint) return createRun(options);
  try {
    return await createRun({ ...options, checkpoint });
  } catch (error) {
    // Throws if the cause is not the checkpoint.
    const run = await createRun(options);
    await parent.send({ type: 'restart', reason: String(error) });
    return run;
  }
}

function failureOf(error: unknown): JobFailure {
  const message = error instanceof Error ? error.message : String(error);
  if ((error as { code?: unknown } | null)?.code === 'unsupported') return { code: 'unsupported', message };
  if (isOutOfMemory(error))
    return { code: 'out-of-memory', message: `The job's process could not allocate memory: ${message}.` };
  return { code: 'internal', message };
}
