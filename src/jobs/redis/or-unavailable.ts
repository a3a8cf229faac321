import { ApiError } from '../../contract/errors.js';
import { isOutage } from './connection.js';

/** Runs an action for a request. @throws ApiError `unavailable` if Redis is full or unreachable. */
export async function orUnavailable<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof ApiError || !isOutage(error)) throw error;
    throw new ApiError('unavailable', `Redis is full or cannot be reached: ${(error as Error).message}`);
  }
}
