import { rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Folder } from '../files/folder.js';
import { RunFolder } from '../local/run-folder.js';
import type { Budget } from './plan.js';
import type { StepCosts } from './suite/costs.js';

/** The content of `reproduction.json`. */
export interface ReproductionRecord {
  plan: string;
  budget: Budget;
  /** The command that made it. */
  command: string;
  /** Version of metadescent; `node`: of Node. */
  version: string;
  node: string;
  /** The processor and the number of its cores. */
  machine: string;
  /** Seconds that each job was expected to take. */
  expected: Record<string, number>;
  /** Of a suite's optimizers, once all jobs are done. */
  costs?: StepCosts;
  /** Paths of the given optimizers, by name. */
  given: Record<string, string>;
  /** ISO 8601. */
  began: string;
  ended: string | null;
}

/**
 * The files of a reproduction:
 *
 *     reproduction.json   its state: {@link ReproductionRecord}
 *     report.html         the report, for people
 *     results.json        the same for programs; curves.csv and table.csv are its comparisons
 *     ablation.md         the table of an ablation, in Markdown; suite.md: those of a suite
 *     JOB/                the files of a run without a service, per training and comparison
 */
export class ReproductionFolder extends Folder {
  record(): Promise<ReproductionRecord | null> {
    return this.readJson('reproduction.json');
  }

  writeRecord(record: ReproductionRecord): Promise<void> {
    return this.writeJson('reproduction.json', record);
  }

  /** The folder of a job, or of a given optimizer's weights. */
  job(name: string): RunFolder {
    return new RunFolder(join(this.path, name));
  }

  /** Deletes the files of an earlier reproduction. */
  async clear(jobs: readonly string[]): Promise<void> {
    await this.delete('reproduction.json', 'report.html', 'results.json', 'curves.csv', 'table.csv');
    await this.delete('ablation.md', 'suite.md');
    for (const name of jobs) {
      await this.job(name).clear();
      // Other files in the folder stay, and so does the folder then.
      await rmdir(join(this.path, name)).catch(() => {});
    }
  }
}
