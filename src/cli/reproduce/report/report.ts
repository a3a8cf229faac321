import { createHash } from 'node:crypto';
import type { Provenance } from '../../../contract/provenance.js';
import type { ComparisonResults } from '../../../contract/results.js';
import { decodeWeights } from '../../../core/weights/weights.js';
import type { RunRecord } from '../../run-folder.js';
import type { Job, Plan } from '../plan.js';
import type { ReproductionFolder, ReproductionRecord } from '../reproduction-folder.js';
import { ablationMarkdown } from './ablation.js';
import { curvesCsv, tableCsv } from './csv.js';
import { renderPage } from './page.js';
import { readTrainingCurve, type TrainingCurve } from './training-curve.js';

/** What a reproduction has found so far. */
export interface Report {
  plan: Plan;
  record: ReproductionRecord;
  /** Its folder. */
  path: string;
  /** Of all jobs of the plan; what is not done yet has no part. */
  jobs: readonly Job[];
  given: readonly (WeightsFile & { name: string; from: string })[];
  parts: readonly Part[];
}

/** A job that is done. */
export interface Part {
  job: Job;
  run: RunRecord;
  /** Of a comparison. */
  results: ComparisonResults | null;
  /** Of a training. */
  training: (WeightsFile & { curve: TrainingCurve }) | null;
}

export interface WeightsFile {
  sha256: string;
  provenance: Provenance;
  /** Numbers in it. */
  size: number;
}

/**
 * Writes report.html, results.json and the tables, from what the jobs have left.
 * @param known parts that were read before; those that are new go into it.
 */
export async function writeReport(
  folder: ReproductionFolder,
  plan: Plan,
  jobs: readonly Job[],
  record: ReproductionRecord,
  known: Map<string, Part>,
): Promise<void> {
  const given = Object.entries(record.given).map(async ([name, from]) => {
    return { name, from, ...describeWeights((await folder.job(name).weights())!) };
  });
  for (const job of jobs) {
    const part = known.get(job.name) ?? (await readPart(folder, job));
    if (part) known.set(job.name, part);
  }
  const parts = jobs.flatMap(({ name }) => known.get(name) ?? []);
  const report = { plan, record, path: folder.path, jobs, given: await Promise.all(given), parts };
  await folder.writeJson('results.json', toResults(report));
  await folder.write('curves.csv', curvesCsv(parts));
  await folder.write('table.csv', tableCsv(parts));
  if (plan.variants && parts.some(({ results }) => results))
    await folder.write('ablation.md', ablationMarkdown(report));
  await folder.write('report.html', renderPage(report));
}

async function readPart(folder: ReproductionFolder, job: Job): Promise<Part | null> {
  const own = folder.job(job.name);
  const run = await own.record();
  if (run?.state !== 'succeeded') return null;
  const { spec } = job;
  const training =
    spec.kind === 'metatrain'
      ? { ...describeWeights((await own.weights())!), curve: await readTrainingCurve(own, spec.training) }
      : null;
  return { job, run, results: await own.results(), training };
}

function describeWeights(bytes: Uint8Array): WeightsFile {
  const { provenance, tensors } = decodeWeights(bytes);
  return {
    sha256: createHash('sha256').update(bytes).digest('hex'),
    provenance,
    size: tensors.reduce((sum, { data }) => sum + data.length, 0),
  };
}

/** What the seeds determine: no times of day in it, so that the same reproduction gives the same bytes. */
function toResults({ plan, record, given, parts }: Report): object {
  const { command, budget, version } = record;
  return {
    plan: plan.name,
    ...{ budget, command, version },
    given: given.map(({ name, sha256, provenance }) => ({ name, sha256, provenance })),
    jobs: parts.map(({ job, run, results, training }) => ({
      name: job.name,
      spec: job.spec,
      engine: run.engine,
      ...(training && { bestIteration: run.bestIteration, sha256: training.sha256 }),
      ...(results && { results }),
    })),
  };
}
