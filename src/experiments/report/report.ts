import { createHash } from 'node:crypto';
import { curvesCsv, tableCsv } from '../../figures/csv.js';
import { decodeWeights } from '../../weights/weights.js';
import type { Job, Plan } from '../plan.js';
import type { ReproductionFolder, ReproductionRecord } from '../reproduction-folder.js';
import { readTrainingCurve } from '../training-curve.js';
import { ablationMarkdown } from './ablation.js';
import { comparisonsOf, type Finding, type Report, type WeightsFile } from './findings.js';
import { renderPage } from './page.js';
import { suiteMarkdown } from './suite.js';

/**
 * Writes report.html, results.json and the tables, from the jobs' files.
 * @param known findings read earlier; new ones are added
 */
export async function writeReport(
  folder: ReproductionFolder,
  plan: Plan,
  jobs: readonly Job[],
  record: ReproductionRecord,
  known: Map<string, Finding>,
): Promise<void> {
  const given = Object.entries(record.given).map(async ([name, from]) => {
    return { name, from, ...describeWeights((await folder.job(name).weights())!) };
  });
  for (const job of jobs) {
    const finding = known.get(job.name) ?? (await readFinding(folder, job));
    if (finding) known.set(job.name, finding);
  }
  const findings = jobs.flatMap(({ name }) => known.get(name) ?? []);
  const report = { plan, record, path: folder.path, jobs, given: await Promise.all(given), findings };
  await folder.writeJson('results.json', toResults(report));
  const comparisons = comparisonsOf(findings);
  await folder.write('curves.csv', curvesCsv(comparisons));
  await folder.write('table.csv', tableCsv(comparisons));
  if (plan.ablation && findings.some(({ results }) => results))
    await folder.write('ablation.md', ablationMarkdown(report));
  if (plan.suite && findings.some(({ results }) => results)) await folder.write('suite.md', suiteMarkdown(report));
  await folder.write('report.html', renderPage(report));
}

async function readFinding(folder: ReproductionFolder, job: Job): Promise<Finding | null> {
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

/** What the seeds determine, without times, so that the same reproduction gives the same bytes. */
function toResults({ plan, record, given, findings }: Report): object {
  const { command, budget, version } = record;
  return {
    plan: plan.name,
    ...{ budget, command, version },
    given: given.map(({ name, sha256, provenance }) => ({ name, sha256, provenance })),
    jobs: findings.map(({ job, run, results, training }) => ({
      name: job.name,
      spec: job.spec,
      engine: run.engine,
      ...(training && { bestIteration: run.bestIteration, sha256: training.sha256 }),
      ...(results && { results }),
    })),
  };
}
