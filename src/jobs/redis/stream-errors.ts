import { ApiError } from '../../contract/errors.js';
import { type Position, toCursor } from './position.js';

/** What ends a subscription before the job's final state. */

export function jobDeleted(job: string): ApiError {
  return new ApiError('deleted', `The job ${job} was deleted, and its events with it.`);
}

export function noSuchCursor(job: string, cursor: Position, end: Position): ApiError {
  return new ApiError(
    'invalid-cursor',
    `cursor ${toCursor(cursor)}: the last event of the job ${job} is at ${toCursor(end)}; name the attempt.seq of an event that you have received, or no cursor.`,
  );
}

export function streamIncomplete(job: string): ApiError {
  return new ApiError('unavailable', `The events of the job ${job} are not all there at the moment: subscribe again.`);
}

export function serviceStops(): ApiError {
  return new ApiError('unavailable', 'The service is stopping: subscribe again once it is back.');
}
