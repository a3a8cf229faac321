import { ApiError } from '../../contract/errors.js';
import { isOutage } from './connection.js';

/** What a request gets. @throws ApiError `unavailable` where Redis is full or out of reach. */
export async function answer<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof ApiError || !isOutage(error)) throw error;
    throw new ApiError('unavailable', `Redis is full or cannot be reached: ${(error as Error).message}`);
  }
}
