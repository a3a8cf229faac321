import { createHash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { comparisonEvent } from '../contract/comparison-event.js';
import type { RunEvent } from '../contract/events.js';
import type { ComparisonResults } from '../contract/results.js';
import type { JobSpec } from '../contract/spec.js';
import { createRun, type Run, type RunOptions } from '../core/run.js';
import { loadDatasets } from '../data/datasets.js';
import type { RunFolder, RunRecord } from './run-folder.js';

export interface LocalRun {
  spec: JobSpec;
  folder: RunFolder;
  /** Bytes of the weights that a comparison takes. */
  weights?: Uint8Array;
  checkpoint?: Uint8Array;
  /** Seconds between checkpoints; 30 by default. */
  checkpointEvery?: number;
  /** When aborted, the run takes a checkpoint and returns. */
  signal: AbortSignal;
  onEvent(event: RunEvent): void;
}

/** Drives the core's run on this machine and keeps its files. */
export async function runLocally(options: LocalRun): Promise<{ record: RunRecord; results: ComparisonResults | null }> {
  const { spec, folder, signal, onEvent, weights, checkpoint, checkpointEvery = 30 } = options;
  const given: Pick<RunOptions, 'weights' | 'weightsSha256' | 'checkpoint'> = {
    ...(weights && { weights, weightsSha256: createHash('sha256').update(weights).digest('hex') }),
    ...(checkpoint && { checkpoint }),
  };
  const before = checkpoint ? await folder.record() : null;
  const record: RunRecord = {
    state: 'running',
    failure: null,
    engine: before?.engine ?? null,
    bestIteration: before?.bestIteration ?? null,
    seconds: before?.seconds ?? 0,
  };
  let results: ComparisonResults | null = null;
  const run = await createRun({ spec, datasets: await loadDatasets(spec.problem), ...given });
  try {
    await folder.writeSpec(spec);
    await folder.writeRecord(record);
    const files = new FileWriter(folder, checkpoint !== undefined);
    let savedAt = performance.now();
    const keepTime = () => {
      const now = performance.now();
      record.seconds += (now - savedAt) / 1000;
      savedAt = now;
    };
    for (;;) {
      // A pull may complete without waiting, but signals and timers run only between turns of the event loop.
      await turn();
      if (signal.aborted) break;
      const event = await run.next();
      if (event === null) {
        keepTime();
        await finish(run, folder, record);
        return { record, results };
      }
      files.write(event);
      if (event.type === 'started') {
        record.engine = event.engine;
        await folder.writeRecord(record);
      }
      if (event.type === 'comparison') {
        results = event.results;
        await folder.writeResults(results);
      }
      if (event.type === 'done') record.bestIteration = event.bestIteration;
      if (event.type === 'diverged') {
        record.state = 'failed';
        record.failure = { code: 'diverged', message: event.message };
      }
      onEvent(event.type === 'comparison' ? comparisonEvent(event.results) : event);
      if (performance.now() - savedAt > 1000 * checkpointEvery) {
        keepTime();
        await save(run, folder, record);
      }
    }
    keepTime();
    record.state = 'interrupted';
    await save(run, folder, record);
    return { record, results };
  } catch (error) {
    await giveUp(run, folder, record, error);
    throw error;
  } finally {
    run.dispose();
  }
}

async function save(run: Run, folder: RunFolder, record: RunRecord): Promise<void> {
  const weights = run.weights();
  if (weights) await folder.writeWeights(weights);
  await folder.writeRecord(record);
  await folder.writeCheckpoint(await run.checkpoint());
}

/** Keeps the trained weights and records the failure, as far as the folder can be written. */
async function giveUp(run: Run, folder: RunFolder, record: RunRecord, error: unknown): Promise<void> {
  record.state = 'failed';
  record.failure = { code: 'internal', message: String((error as Error)?.message ?? error) };
  const weights = run.weights();
  await Promise.allSettled([weights && folder.writeWeights(weights), folder.writeRecord(record)]);
}

async function finish(run: Run, folder: RunFolder, record: RunRecord): Promise<void> {
  if (record.state === 'running') record.state = 'succeeded';
  folder.losses.flush();
  folder.validation.flush();
  const weights = run.weights();
  if (weights) await folder.writeWeights(weights);
  await folder.writeRecord(record);
  await folder.deleteCheckpoint();
}

/** Writes the tables. A resumed run repeats the events after its checkpoint, so their rows are cut first. */
class FileWriter {
  private cutLosses: boolean;
  private cutValidation: boolean;

  constructor(
    private readonly folder: RunFolder,
    resumed: boolean,
  ) {
    this.cutLosses = resumed;
    this.cutValidation = resumed;
  }

  write(event: RunEvent): void {
    const { losses, validation } = this.folder;
    if (event.type === 'losses') {
      if (this.cutLosses) losses.cut(event.iteration);
      this.cutLosses = false;
      event.points.forEach((loss, p) => {
        const iteration = event.iteration + Math.floor(p / event.perIteration);
        losses.append(iteration, event.step + (p % event.perIteration), shortest(loss));
      });
    }
    if (event.type === 'validation') {
      if (this.cutValidation) validation.cut(event.iteration);
      this.cutValidation = false;
      validation.append(event.iteration, event.loss, event.best);
    }
  }
}

/** Nine digits, which round-trip fp32, without trailing zeros. */
function shortest(value: number): number {
  return Number(value.toPrecision(9));
}
