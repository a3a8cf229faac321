import type { Phase } from '../../../contract/events.js';
import { isFinal, type Job } from '../../../contract/job.js';
import { formatCount, formatDuration, formatLoss, formatRate } from '../../../figures/numbers.js';
import type { JobHistory } from './job-history.js';

/** A phase of a job as a line of the page. */
export interface PhaseRow {
  readonly phase: Phase;
  readonly isCurrent: boolean;
  readonly done: number;
  /** At least 1. */
  readonly total: number;
  /** How far it is, in words. */
  readonly amount: string;
  /** Its rate and what is left of it; empty unless it is current. */
  readonly pace: string;
}

const units: Readonly<Record<Phase, string>> = {
  training: 'meta-iterations',
  validation: 'functions',
  tuning: 'runs',
  comparison: 'chunks of functions',
  statistics: 'parts',
};

/** Every phase that the job has, in order, whether or not it has begun. */
export function phaseRows(job: Pick<Job, 'spec' | 'state' | 'progress'>, history: JobHistory | null): PhaseRow[] {
  const order = phasesOf(job);
  // The record knows it where the events that said so are no longer kept.
  const current = history?.standing.progress?.phase ?? job.progress?.phase ?? null;
  const reached = Math.max(-1, ...[...(history?.phases.keys() ?? [])].map((phase) => order.indexOf(phase)));
  return order.map((phase, i) => {
    const progress = history?.phases.get(phase);
    const isRunning = job.state === 'running' || job.state === 'paused';
    const isCurrent = isRunning && (phase === current || (phase === 'training' && current === 'validation'));
    const isOver = job.state === 'succeeded' || (i < reached && !isCurrent && phase !== 'validation');
    const total = Math.max(1, progress?.total ?? 1);
    // A training that stops early does fewer.
    const done = phase === 'training' || !isOver ? (progress?.done ?? (isOver ? 1 : 0)) : total;
    if (phase === 'validation') return { phase, isCurrent: false, done, total, amount: validations(history), pace: '' };
    const begun = isOver ? 'done' : isFinal(job.state) ? 'not reached' : 'not begun';
    const amount = progress ? `${formatCount(done)} of ${formatCount(total)} ${units[phase]}` : begun;
    const rate = isCurrent && job.state === 'running' ? (progress?.pace.rate ?? null) : null;
    const left = rate ? `${formatRate(rate)} /s · ${formatDuration((total - done) / rate)} left` : '';
    return { phase, isCurrent, done, total, amount, pace: left };
  });
}

function phasesOf({ spec }: Pick<Job, 'spec'>): Phase[] {
  const comparison: Phase[] = ['tuning', 'comparison', 'statistics'];
  if (spec.kind === 'compare') return comparison;
  return ['training', 'validation', ...(spec.comparison === null ? [] : comparison)];
}

function validations(history: JobHistory | null): string {
  const all = history?.validations ?? [];
  const best = all.findLast((validation) => validation.best);
  if (!best) return all.length === 0 ? 'none yet' : `${formatCount(all.length)} so far`;
  return `${formatCount(all.length)} so far, best ${formatLoss(best.loss)} after ${formatCount(best.iteration)}`;
}
