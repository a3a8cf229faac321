import { createHash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { comparisonEvent } from '../contract/comparison-event.js';
import type { RunEvent } from '../contract/events.js';
import { toCell } from '../contract/losses.js';
import { fold, type Standing, standingOf } from '../contract/progress.js';
import type { ComparisonResults } from '../contract/results.js';
import { type JobSpec, problemsOf } from '../contract/spec.js';
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

export interface LocalOutcome {
  record: RunRecord;
  /** Null for a training without a comparison, and for a run that has not got there. */
  results: ComparisonResults | null;
}

/** Drives the core's run on this machine and keeps its files. */
export async function runLocally(options: LocalRun): Promise<LocalOutcome> {
  const { spec, folder, weights, checkpoint } = options;
  const given: Pick<RunOptions, 'weights' | 'weightsSha256' | 'checkpoint'> = {
    ...(weights && { weights, weightsSha256: createHash('sha256').update(weights).digest('hex') }),
    ...(checkpoint && { checkpoint }),
  };
  const before = checkpoint ? await folder.record() : null;
  const run = await createRun({ spec, datasets: await loadDatasets(...problemsOf(spec)), ...given });
  try {
    return await new Driver(run, options, before).drive();
  } finally {
    run.dispose();
  }
}

class Driver {
  private standing: Standing;
  private results: ComparisonResults | null = null;
  private readonly files: FileWriter;
  /** Seconds up to `savedAt`. */
  private seconds: number;
  private savedAt = performance.now();

  constructor(
    private readonly run: Run,
    private readonly options: LocalRun,
    before: RunRecord | null,
  ) {
    const { engine = null, bestIteration = null, seconds = 0 } = before ?? {};
    this.standing = { ...standingOf(options.spec), engine, bestIteration };
    this.seconds = seconds;
    this.files = new FileWriter(options.folder, options.checkpoint !== undefined);
  }

  async drive(): Promise<LocalOutcome> {
    const { spec, folder, signal, checkpointEvery = 30 } = this.options;
    try {
      await folder.writeSpec(spec);
      await folder.writeRecord(this.record('running'));
      for (;;) {
        // A pull may complete without waiting, but signals and timers run only between turns of the event loop.
        await turn();
        if (signal.aborted && !this.standing.failure) return await this.save('interrupted');
        const event = await this.run.next();
        if (event === null) return await this.finish();
        await this.take(event);
        if (performance.now() - this.savedAt > 1000 * checkpointEvery) await this.save('running');
      }
    } catch (error) {
      await this.giveUp(error);
      throw error;
    }
  }

  private async take(event: RunEvent): Promise<void> {
    const { folder, onEvent } = this.options;
    this.standing = fold(this.standing, event);
    this.files.write(event);
    if (event.type === 'started') await folder.writeRecord(this.record('running'));
    if (event.type === 'comparison') {
      this.results = event.results;
      await folder.writeResults(event.results);
    }
    onEvent(event.type === 'comparison' ? comparisonEvent(event.results) : event);
  }

  private async save(state: RunRecord['state']): Promise<LocalOutcome> {
    const { folder } = this.options;
    const record = this.record(state);
    await this.writeWeights();
    await folder.writeRecord(record);
    await folder.writeCheckpoint(await this.run.checkpoint());
    return { record, results: this.results };
  }

  private async finish(): Promise<LocalOutcome> {
    const { folder } = this.options;
    const record = this.record(this.standing.failure ? 'failed' : 'succeeded');
    folder.losses.flush();
    folder.validation.flush();
    await this.writeWeights();
    await folder.writeRecord(record);
    await folder.deleteCheckpoint();
    return { record, results: this.results };
  }

  /** Keeps the trained weights and records the failure, as far as the folder can be written. */
  private async giveUp(error: unknown): Promise<void> {
    const message = String((error as Error)?.message ?? error);
    this.standing = { ...this.standing, failure: { code: 'internal', message } };
    await Promise.allSettled([this.writeWeights(), this.options.folder.writeRecord(this.record('failed'))]);
  }

  private async writeWeights(): Promise<void> {
    const weights = this.run.weights();
    if (weights) await this.options.folder.writeWeights(weights);
  }

  /** What run.json says now. */
  private record(state: RunRecord['state']): RunRecord {
    const now = performance.now();
    this.seconds += (now - this.savedAt) / 1000;
    this.savedAt = now;
    const { engine, bestIteration, failure } = this.standing;
    return { state, failure, engine, bestIteration, seconds: this.seconds };
  }
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
        losses.append(iteration, event.step + (p % event.perIteration), toCell(loss));
      });
    }
    if (event.type === 'validation') {
      if (this.cutValidation) validation.cut(event.iteration);
      this.cutValidation = false;
      validation.append(event.iteration, event.loss, event.best);
    }
  }
}
