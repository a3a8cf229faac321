import { stringify } from 'yaml';
import { tunedMeasures } from '../../contract/comparison.js';
import type { EngineInfo } from '../../contract/events.js';
import type { JobSpec } from '../../contract/spec.js';
import { escapeXml } from '../../figures/chart.js';
import { comparisonFigure } from '../../figures/comparison.js';
import { arithmeticOf } from '../../figures/engine.js';
import { transferNote } from '../../figures/notes.js';
import { formatCount, formatDuration, formatLoss } from '../../figures/numbers.js';
import { comparisonTables } from '../../figures/tables.js';
import { trainingFigure } from '../../figures/training.js';
import { tuningFigure } from '../../figures/tuning.js';
import { suiteJobName } from '../plan.js';
import { ablationTable } from './ablation.js';
import type { Finding, Report, WeightsFile } from './findings.js';
import { pageStyle } from './style.js';
import { suiteSection } from './suite.js';
import { summaryTable } from './summary.js';

/** The report: one self-contained page, without scripts. */
export function renderPage(report: Report): string {
  const { plan, record, given, findings } = report;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="metadescent ${record.version}">
<link rel="icon" href="data:,">
<title>${escapeXml(plan.title)}: metadescent</title>
<style>${pageStyle}</style>
</head>
<body>
<main>
<header>
<p class="over">${escapeXml(record.command)}</p>
<h1>${escapeXml(plan.title)}</h1>
<p class="source">${escapeXml(plan.source)}</p>
<p>${escapeXml(plan.summary)}</p>
${notice(report)}
</header>
${findings.some(({ results }) => results) ? `<section id="summary"><h2>In short</h2>${inShort(report)}</section>` : ''}
${given.map(givenSection).join('\n')}
${detailed(report)
  .map((finding) => (finding.training ? trainingSection(finding) : comparisonSection(finding, report)))
  .join('\n')}
<section id="circumstances"><h2>How it was made</h2>${circumstances(report)}</section>
<footer>In the same folder: <a href="results.json">results.json</a>, <a href="curves.csv">curves.csv</a>, <a href="table.csv">table.csv</a>, and one folder per training and comparison.</footer>
</main>
</body>
</html>
`;
}

function inShort(report: Report): string {
  if (report.plan.ablation) return ablationTable(report);
  if (report.plan.suite) return suiteSection(report);
  return `${summaryTable(report.findings)}<p class="note">${explanation}</p>`;
}

/**
 * The findings with a section of their own: in an ablation, only the base; of a suite, the trainings, and the comparisons
 * that have the rules.
 */
function detailed({ plan, record, findings }: Report): readonly Finding[] {
  const base = plan.ablation?.(record.budget).variants[0];
  if (base) return findings.filter(({ job }) => base.jobs.includes(job.name));
  const suite = plan.suite?.(record.budget);
  const [judged] = suite?.learned ?? [];
  if (!suite || !judged) return findings;
  const shown = new Set(suite.tasks.map((task) => suiteJobName(task, judged.name)));
  return findings.filter(({ job, training }) => training || shown.has(job.name));
}

const explanation =
  'Means over functions that were not used for training, tuning or choosing weights. Each rule is tuned for each measure. Small figures are 95 % bootstrap intervals over functions; differences are paired, function by function: below 0 the learned optimizer is better, and colour marks intervals clear of 0. Steps saved: how many steps earlier the learned optimizer’s mean loss reaches the other’s final one. Conjugate gradients are a yardstick, not a competitor.';

/** Notices at the top: the report is incomplete, or of a quick budget. */
function notice({ jobs, findings, record }: Report): string {
  const notes = [];
  if (findings.length < jobs.length)
    notes.push(`Not complete yet: ${findings.length} of ${jobs.length} jobs are done.`);
  if (record.budget === 'quick')
    notes.push('A smoke test: longer training (--budget standard) makes better optimizers.');
  return notes.map((note) => `<p class="notice">${escapeXml(note)}</p>`).join('');
}

function givenSection({ name, from, provenance, sha256, size }: Report['given'][number]): string {
  return `<section id="${name}"><h2>The given optimizer</h2>
<p>It was trained on ${escapeXml(provenance.problem!.name)} for ${formatCount(provenance.iterations!)} meta-iterations, and is read from <code>${escapeXml(from)}</code>.</p>
${weightsLine(name, { provenance, sha256, size })}
${source('How it was trained', provenance)}</section>`;
}

function trainingSection({ job, run, training }: Finding): string {
  if (job.spec.kind !== 'metatrain' || !training) return '';
  const { iterations, validation } = job.spec.training;
  const kept = training.curve.validation.filter(({ best }) => best).at(-1);
  return `<section id="${job.name}"><h2>${escapeXml(job.title)}</h2>
<p>${formatCount(iterations)} meta-iterations in ${formatDuration(run.seconds)}. ${
    kept
      ? `The weights of meta-iteration ${formatCount(kept.iteration)} were kept: over ${formatCount(validation.functions)} held-out functions they had the minimum validation loss, ${formatLoss(kept.loss)} per step.`
      : ''
  }</p>
${trainingFigure(training.curve, job.spec.training)}
${weightsLine(job.name, training)}
${specOf(job.spec)}</section>`;
}

function comparisonSection({ job, run, results }: Finding, { plan, path }: Report): string {
  if (!results || job.spec.kind !== 'compare') return '';
  const tuned = tunedMeasures(job.spec.comparison.tuning);
  // A suite has many comparisons, and one figure of tuning for all tasks.
  const tuning = plan.suite ? '' : tuned.map((measure) => tuningFigure(results, measure)).join('');
  return `<section id="${job.name}"><h2>${escapeXml(job.title)}</h2>
<p>${formatCount(results.functions)} fresh functions, the same and from the same start for every optimizer, in ${formatDuration(run.seconds)}.</p>
${transferNote(results)
  .map((note) => `<p>${escapeXml(note)}</p>`)
  .join('')}
${comparisonFigure(results, plan.suite ? 'best' : 'all')}
${comparisonTables(results, tuned)}
${tuning && `<details><summary>Tuning of the learning rates</summary>${tuning}</details>`}
${specOf(job.spec, `metadescent compare ${path}/${job.of}/weights.safetensors ${path}/${job.name}/spec.json`)}</section>`;
}

function weightsLine(name: string, { sha256, size }: WeightsFile): string {
  return `<p class="note"><a href="${name}/weights.safetensors">${name}/weights.safetensors</a>: ${formatCount(size)} weights, SHA-256 <code>${sha256.slice(0, 16)}…</code></p>`;
}

function specOf(spec: JobSpec, command?: string): string {
  const again = command ? `<p class="note">To run it separately: <code>${escapeXml(command)}</code></p>` : '';
  return source('The complete spec', spec, again);
}

function source(title: string, value: unknown, before = ''): string {
  const text = stringify(value, { collectionStyle: 'any', lineWidth: 100, aliasDuplicateObjects: false });
  return `<details><summary>${title}</summary>${before}<pre>${escapeXml(text)}</pre></details>`;
}

function circumstances({ record, findings, jobs }: Report): string {
  const seconds = findings.reduce((sum, { run }) => sum + run.seconds, 0);
  const expected = jobs.reduce((sum, { name }) => sum + (record.expected[name] ?? 0), 0);
  const engines = [...new Set(findings.flatMap(({ run }) => (run.engine ? [describeEngine(run.engine)] : [])))];
  const seeds = [...new Set(jobs.map(({ spec }) => spec.seed))];
  const rows = [
    ['Command', `<code>${escapeXml(`npx ${record.command}`)}</code>`],
    ['Time', `${formatDuration(seconds)}; estimated: about ${formatDuration(expected)}`],
    ['Started, ended', `${escapeXml(record.began)}, ${escapeXml(record.ended ?? 'not yet')}`],
    ['Seeds', seeds.join(', ')],
    ['Engine', engines.map(escapeXml).join('<br>')],
    ['Machine', escapeXml(record.machine)],
    ['Versions', `metadescent ${escapeXml(record.version)}, Node ${escapeXml(record.node)}`],
  ];
  return `<dl>${rows.map(([term, text]) => `<dt>${term}</dt><dd>${text}</dd>`).join('')}</dl>`;
}

function describeEngine(info: EngineInfo): string {
  const { engine, backend, version, threads, fallback } = info;
  const why = fallback ? `; ${fallback}` : '';
  return `${engine} ${version} on ${backend}, instruction set ${arithmeticOf(info)}, ${threads} ${threads === 1 ? 'thread' : 'threads'}${why}`;
}
