import type { JobSummary } from '../../contract/job-summary.js';
import type { JobSpec } from '../../contract/spec.js';
import { titleWords } from '../../contract/title-words.js';
import { type JobRecord, toCourse } from './record.js';

/** The part of a document that a summary shows besides labels and problem. */
type Head = Pick<JobSummary, 'kind' | 'title' | 'optimizer' | 'seed'>;

/** What a job's record has of its document, for indices and summaries. */
export interface SummaryFields {
  readonly problem: string;
  /** Of the title, separated by spaces. */
  readonly words: string;
  /** JSON of a {@link Head}: parsing whole documents would take a list most of its time. */
  readonly head: string;
}

export function summaryFields(spec: JobSpec): SummaryFields {
  const { kind, title = null, seed, problem } = spec;
  const head: Head = { kind, title, optimizer: nameOf(spec), seed };
  return { problem: problem.name, words: titleWords(title ?? '').join(' '), head: JSON.stringify(head) };
}

function nameOf({ optimizer }: JobSpec): string {
  if ('job' in optimizer) return optimizer.job;
  return 'version' in optimizer ? `${optimizer.name}@${optimizer.version}` : optimizer.name;
}

/** The fields of a record that {@link toSummary} reads. */
export const summarised = [
  'state',
  'labels',
  'problem',
  'head',
  'attempt',
  'createdAt',
  'startedAt',
  'finishedAt',
  'failure',
  'progress',
] as const;

/** @param record its {@link summarised} fields. */
export function toSummary(id: string, record: JobRecord, sparkline: JobSummary['sparkline']): JobSummary {
  const { kind, title, optimizer, seed } = JSON.parse(record.head!) as Head;
  const labels = record.labels!.split(' ').filter(Boolean);
  return { id, kind, title, labels, problem: record.problem!, optimizer, seed, ...toCourse(record), sparkline };
}
