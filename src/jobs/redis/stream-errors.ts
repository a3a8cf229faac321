import { ApiError } from '../../contract/errors.js';
import { type Position, toCursor } from './position.js';

/** What ends a subscription before the job's final state. */

export function jobDeleted(job: string): ApiError {
  return new ApiError('deleted', `The job ${job} and its events were deleted.`);
}

export function noSuchCursor(job: string, cursor: Position, end: Position): ApiError {
  return new ApiError(
    'invalid-cursor',
    `cursor ${toCursor(cursor)}: the last event of the job ${job} is at ${toCursor(end)}; use the attempt.seq of an event that you have received, or no cursor.`,
  );
}

export function streamIncomplete(job: string): ApiError {
  return new ApiError('unavailable', `Some events of the job ${job} are temporarily missing: subscribe again.`);
}

export function serviceStops(): ApiError {
  return new ApiError('unavailable', 'The service is stopping: subscribe again once it is back.');
}
