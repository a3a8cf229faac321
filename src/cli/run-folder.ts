import { mkdirSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EngineInfo, JobFailure } from '../contract/events.js';
import type { ComparisonResults } from '../contract/results.js';
import type { JobSpec } from '../contract/spec.js';
import { renderSvg } from './render/svg.js';
import { TableFile } from './table-file.js';

/** What `run.json` says of a run on this machine. */
export interface RunRecord {
  state: 'running' | 'interrupted' | 'succeeded' | 'failed';
  failure: Pick<JobFailure, 'code' | 'message'> | null;
  engine: EngineInfo | null;
  /** Meta-iterations after which the kept weights stood. */
  bestIteration: number | null;
  /** Seconds that it took so far, its interruptions left out; what a killed process did after its checkpoint counts not. */
  seconds: number;
}

/**
 * The files of a run without a service:
 *
 *     spec.json                 the complete spec
 *     run.json                  how the run stands: {@link RunRecord}
 *     losses.csv                iteration, step, loss: one row for each f(θ_t) of the training
 *     validation.csv            iteration, loss, best
 *     weights.safetensors       the best weights
 *     results.json              the comparison; comparison.svg is its picture
 *     checkpoint.safetensors    where a run that has not ended goes on from
 */
export class RunFolder {
  readonly losses: TableFile;
  readonly validation: TableFile;

  /** Makes the folder where it is missing. */
  constructor(readonly path: string) {
    mkdirSync(path, { recursive: true });
    this.losses = new TableFile(join(path, 'losses.csv'), 'iteration,step,loss');
    this.validation = new TableFile(join(path, 'validation.csv'), 'iteration,loss,best');
  }

  /** Deletes the files of the run that was there before. */
  async clear(): Promise<void> {
    const names = [
      'spec.json',
      'run.json',
      'losses.csv',
      'validation.csv',
      'weights.safetensors',
      'results.json',
      'comparison.svg',
      'checkpoint.safetensors',
    ];
    await Promise.all(names.map((name) => rm(join(this.path, name), { force: true })));
  }

  async record(): Promise<RunRecord | null> {
    return this.json<RunRecord>('run.json');
  }

  async spec(): Promise<string | null> {
    const bytes = await this.read('spec.json');
    return bytes ? new TextDecoder().decode(bytes) : null;
  }

  results(): Promise<ComparisonResults | null> {
    return this.json<ComparisonResults>('results.json');
  }

  weights(): Promise<Uint8Array | null> {
    return this.read('weights.safetensors');
  }

  checkpoint(): Promise<Uint8Array | null> {
    return this.read('checkpoint.safetensors');
  }

  /** What spec.json holds of a spec. */
  static specText(spec: JobSpec): string {
    return toText(spec);
  }

  writeSpec(spec: JobSpec): Promise<void> {
    return this.write('spec.json', RunFolder.specText(spec));
  }

  writeRecord(record: RunRecord): Promise<void> {
    return this.write('run.json', toText(record));
  }

  /** Whatever the tables hold by then reaches the disk before the checkpoint that follows from it. */
  async writeCheckpoint(checkpoint: Uint8Array): Promise<void> {
    this.losses.flush();
    this.validation.flush();
    await this.write('checkpoint.safetensors', checkpoint);
  }

  deleteCheckpoint(): Promise<void> {
    return rm(join(this.path, 'checkpoint.safetensors'), { force: true });
  }

  writeWeights(weights: Uint8Array): Promise<void> {
    return this.write('weights.safetensors', weights);
  }

  async writeResults(results: ComparisonResults): Promise<void> {
    await this.write('results.json', toText(results));
    await this.write('comparison.svg', renderSvg(results));
  }

  private async json<T>(name: string): Promise<T | null> {
    const bytes = await this.read(name);
    return bytes ? (JSON.parse(new TextDecoder().decode(bytes)) as T) : null;
  }

  private async read(name: string): Promise<Uint8Array | null> {
    try {
      return await readFile(join(this.path, name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  /** A file is all there or not there, whenever the process is killed. */
  private async write(name: string, content: string | Uint8Array): Promise<void> {
    const temporary = join(this.path, `.${name}.part`);
    await writeFile(temporary, content);
    await rename(temporary, join(this.path, name));
  }
}

function toText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
