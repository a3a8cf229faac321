import { ApiError, type ErrorCode } from '../contract/errors.js';
import type { JobState } from '../contract/events.js';
import { UserError } from '../contract/user-error.js';

/** Exit statuses of the command. Once published, a code keeps its meaning. */
export const exitCodes = {
  success: 0,
  failure: 1,
  usage: 2,
  unreachable: 3,
  notFound: 4,
  cancelled: 5,
  interrupted: 130,
} as const;

export const exitCodesHelp = `
Exit status:
    0  success
    1  failure: the job failed or diverged, or an unexpected error occurred
    2  usage: unknown option, unreadable file, invalid document, or a request that the job's state does not allow
    3  the service or its Redis cannot be reached
    4  no such job or optimizer, or it does not have what was asked for (yet)
    5  the job was cancelled
  130  interrupted by Ctrl-C or another signal`;

const byErrorCode: Partial<Record<ErrorCode, number>> = {
  'not-found': exitCodes.notFound,
  'not-ready': exitCodes.notFound,
  deleted: exitCodes.notFound,
  unavailable: exitCodes.unreachable,
  internal: exitCodes.failure,
};

export function exitCodeOf(error: unknown): number {
  if (error instanceof UserError) return exitCodes[error.kind];
  if (error instanceof ApiError) return byErrorCode[error.code] ?? exitCodes.usage;
  return exitCodes.failure;
}

/** The exit status of a run on this machine. */
export function exitCodeOfRun(state: 'running' | 'interrupted' | 'succeeded' | 'failed'): number {
  if (state === 'interrupted') return exitCodes.interrupted;
  return state === 'succeeded' ? exitCodes.success : exitCodes.failure;
}

/** The exit status for a job's final state. */
export function exitCodeOfState(state: JobState): number {
  if (state === 'cancelled') return exitCodes.cancelled;
  return state === 'succeeded' ? exitCodes.success : exitCodes.failure;
}
