import type { Job } from '../../contract/job.js';

/**
 * A job's record, a Redis hash. Besides what {@link Job} shows:
 * - `labels`, separated by spaces, and `maxAttempts`, for scripts; the latter grows with each attempt that does not
 * count;
 * - `problem` and `head`: see job-summary.ts; records of earlier versions lack them at first;
 * - `entry`: the id of the job's queue entry;
 * - `holder`: the token of the running attempt; `ended`: that of the attempt that ended last;
 * - `cancel`: "1" once the running job is to be cancelled;
 * - `last` and `trimmed`: ids of the stream's last entry and of the last one removed from it;
 * - `bytes`: the size of the stream's entries; `lossEnd`: one past the last meta-iteration with a loss.
 */
export type JobRecord = Record<string, string>;

export function toJob(id: string, record: JobRecord, artifacts: string[]): Job {
  const { spec, engine, weightsSha256 } = record;
  return {
    id,
    ...toCourse(record),
    spec: JSON.parse(spec!),
    engine: engine ? JSON.parse(engine) : null,
    ...(weightsSha256 !== undefined && { weightsSha256 }),
    artifacts,
  };
}

/** How far the job is. */
export function toCourse(record: JobRecord) {
  const { state, attempt, createdAt, startedAt, finishedAt, failure, progress } = record;
  return {
    state: state as Job['state'],
    attempt: Number(attempt),
    createdAt: toDate(createdAt)!,
    startedAt: toDate(startedAt),
    finishedAt: toDate(finishedAt),
    failure: failure ? (JSON.parse(failure) as Job['failure']) : null,
    progress: progress ? (JSON.parse(progress) as Job['progress']) : null,
  };
}

function toDate(milliseconds: string | undefined): string | null {
  return milliseconds ? new Date(Number(milliseconds)).toISOString() : null;
}
