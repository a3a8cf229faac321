import { join } from 'node:path';
import type { EngineInfo, JobFailure } from '../contract/events.js';
import { jsonBytes } from '../contract/json-pieces.js';
import type { ComparisonResults } from '../contract/results.js';
import type { JobSpec } from '../contract/spec.js';
import { renderSvg } from '../figures/picture.js';
import { Folder, toText } from '../files/folder.js';
import { TableFile } from '../files/table-file.js';

/** The content of `run.json`. */
export interface RunRecord {
  state: 'running' | 'interrupted' | 'succeeded' | 'failed';
  failure: Pick<JobFailure, 'code' | 'message'> | null;
  engine: EngineInfo | null;
  /** Meta-iterations done when the kept weights were validated. */
  bestIteration: number | null;
  /** Seconds of running, up to the latest checkpoint, without the time between an interruption and its resumption. */
  seconds: number;
}

const fileNames = [
  'spec.json',
  'run.json',
  'losses.csv',
  'validation.csv',
  'weights.safetensors',
  'results.json',
  'comparison.svg',
  'checkpoint.safetensors',
];

/** Whether resuming it would fail in the same way, as it has diverged. Other causes may have been fixed since. */
export function isLost({ state, failure }: RunRecord): boolean {
  return state === 'failed' && failure?.code !== 'internal';
}

/**
 * The files of a run without a service:
 *
 *     spec.json                 the complete spec
 *     run.json                  the run's state: {@link RunRecord}
 *     losses.csv                iteration, step, loss: one row per f(θ_t) of the training
 *     validation.csv            iteration, loss, best
 *     weights.safetensors       the best weights
 *     results.json              the comparison; comparison.svg is its picture
 *     checkpoint.safetensors    from which an unfinished run resumes
 */
export class RunFolder extends Folder {
  readonly losses: TableFile;
  readonly validation: TableFile;

  constructor(path: string) {
    super(path);
    this.losses = new TableFile(join(path, 'losses.csv'), 'iteration,step,loss');
    this.validation = new TableFile(join(path, 'validation.csv'), 'iteration,loss,best');
  }

  /** The names of the run's files that exist. */
  files(): Promise<string[]> {
    return this.holding(fileNames);
  }

  /** Whether the folder holds a training, or its weights. */
  async holdsTraining(): Promise<boolean> {
    const spec = await this.readJson<JobSpec>('spec.json');
    return spec?.kind === 'metatrain' || (await this.holding(['weights.safetensors'])).length > 0;
  }

  /** Deletes the files of an earlier run. */
  clear(): Promise<void> {
    return this.delete(...fileNames);
  }

  record(): Promise<RunRecord | null> {
    return this.readJson('run.json');
  }

  /** Whether the folder's run has this spec; null if there is none. */
  async isOf(spec: JobSpec): Promise<boolean | null> {
    const bytes = await this.read('spec.json');
    return bytes && new TextDecoder().decode(bytes) === toText(spec);
  }

  checkpoint(): Promise<Uint8Array | null> {
    return this.read('checkpoint.safetensors');
  }

  weights(): Promise<Uint8Array | null> {
    return this.read('weights.safetensors');
  }

  results(): Promise<ComparisonResults | null> {
    return this.readJson('results.json');
  }

  writeSpec(spec: JobSpec): Promise<void> {
    return this.writeJson('spec.json', spec);
  }

  writeRecord(record: RunRecord): Promise<void> {
    return this.writeJson('run.json', record);
  }

  /** Writes the tables to disk before the checkpoint that depends on them. */
  async writeCheckpoint(checkpoint: Uint8Array): Promise<void> {
    this.losses.flush();
    this.validation.flush();
    await this.write('checkpoint.safetensors', checkpoint);
  }

  deleteCheckpoint(): Promise<void> {
    return this.delete('checkpoint.safetensors');
  }

  writeWeights(weights: Uint8Array): Promise<void> {
    return this.write('weights.safetensors', weights);
  }

  async writeResults(results: ComparisonResults): Promise<void> {
    await this.write('results.json', jsonBytes(results, '  ', '\n'));
    await this.write('comparison.svg', renderSvg(results));
  }
}
