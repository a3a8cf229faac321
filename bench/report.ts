import { renderTable } from '../src/cli/render/table.js';
import { type BuildRatio, slower } from './against.js';
import type { GoalResult } from './goals.js';
import type { Line } from './measure.js';
import { peers } from './peers.js';

/**
 * Lines as an aligned table; ratios are to our own line of the same case on the same number of CPUs.
 * @param first whether lines differ by peer or by size; by size adds a column of time per unit of work, which is constant
 *   where time is linear
 */
export function renderLines(lines: readonly Line[], first: 'peer' | 'size' = 'peer'): string {
  const sizes = first === 'size';
  const rows = lines.map((line) => {
    const ours = lines.find((l) => l.peer === 'us' && sameCase(l, line));
    const size = [line.coordinates.toLocaleString('en-GB'), String(line.steps)];
    const about = [...(sizes ? size : []), peers[line.peer].title, String(line.threads)];
    if (line.failure !== null) return [...about, '–', ...(sizes ? [''] : []), '', '', '', '', '', line.failure];
    return [
      ...about,
      formatTime(line.median),
      ...(sizes ? [((1e6 * line.median) / (line.coordinates * line.steps)).toPrecision(3)] : []),
      `${formatTime(line.low)} … ${formatTime(line.high)}`,
      ratio(line.median, ours?.median),
      formatTime(line.processorTime),
      formatMemory(line.peakMemory),
      ratio(line.peakMemory, ours?.peakMemory),
      [line.version, line.form].filter(Boolean).join(', '),
    ];
  });
  const right = (title: string) => ({ title, align: 'right' as const });
  return renderTable(
    [
      ...(sizes ? [right('coordinates'), right('T')] : []),
      { title: 'who', align: 'left' },
      right('CPUs'),
      right('meta-step'),
      ...(sizes ? [right('ns / coordinate and step')] : []),
      right('rounds'),
      right('× ours'),
      right('processor time'),
      right('peak memory'),
      right('× ours'),
      { title: 'what', align: 'left' },
    ],
    rows,
  );
}

/** The comparison of builds, one line per workload and number of CPUs. */
export function renderRatios(ratios: readonly BuildRatio[]): string {
  const right = (title: string) => ({ title, align: 'right' as const });
  return renderTable(
    [
      { title: 'workload', align: 'left' },
      right('CPUs'),
      right('meta-step there'),
      right('here'),
      right('ratio'),
      right('95 % interval'),
      right('pairs'),
      { title: '', align: 'left' },
    ],
    ratios.map(({ workload, threads, other, ours, ratio, pairs }) => [
      workload,
      String(threads),
      formatTime(other),
      formatTime(ours),
      ratio.value.toFixed(3),
      `${ratio.low.toFixed(3)} … ${ratio.high.toFixed(3)}`,
      String(pairs.length),
      ratio.high < slower ? `below ${slower}` : `NOT below ${slower}`,
    ]),
  );
}

export function renderGoals(results: readonly GoalResult[]): string {
  const rows = results.map(({ goal, wanted, reached, met, note }) => {
    const absolute = 'atMost' in goal;
    const amount = (value: number) => (absolute ? `${value.toPrecision(3)} ns` : `${value.toPrecision(3)}×`);
    return [
      !met ? 'SHORT' : wanted === null ? 'reported' : 'met',
      goal.workload,
      goal.measure,
      absolute ? '' : goal.against.map((peer) => peers[peer].title).join(', '),
      wanted === null ? 'none here' : absolute ? `≤ ${wanted} ns` : `${wanted}×`,
      reached === null ? '–' : amount(reached),
      note,
    ];
  });
  return renderTable(
    [
      { title: 'goal', align: 'left' },
      { title: 'workload', align: 'left' },
      { title: 'of', align: 'left' },
      { title: 'against', align: 'left' },
      { title: 'wanted', align: 'right' },
      { title: 'reached', align: 'right' },
      { title: 'theirs / ours', align: 'left' },
    ],
    rows,
  );
}

function sameCase(a: Line, b: Line): boolean {
  return a.threads === b.threads && a.coordinates === b.coordinates && a.steps === b.steps && a.workload === b.workload;
}

function ratio(theirs: number, ours: number | undefined): string {
  return ours === undefined || Number.isNaN(ours) ? '' : (theirs / ours).toFixed(2);
}

/** Such as "0.690 ms", "21.5 ms" or "3.40 s". */
export function formatTime(ms: number): string {
  return ms >= 1000 ? `${(ms / 1000).toPrecision(3)} s` : `${ms >= 100 ? ms.toFixed(0) : ms.toPrecision(3)} ms`;
}

function formatMemory(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}
