import { type Cursor, parseCursor } from '../../contract/cursor.js';
import { ApiError } from '../../contract/errors.js';

/** The position of an entry in a job's stream. */
export interface Position {
  readonly attempt: number;
  readonly seq: number;
}

/** Before every entry. */
export const start: Position = { attempt: 0, seq: 0 };

/** Negative where a comes before b. */
export function compare(a: Position, b: Position): number {
  return a.attempt - b.attempt || a.seq - b.seq;
}

/** The position of a stream entry's id, `attempt-seq`. */
export function fromId(id: string): Position {
  const [attempt, seq] = id.split('-');
  return { attempt: Number(attempt), seq: Number(seq) };
}

export function toId({ attempt, seq }: Position): string {
  return `${attempt}-${seq}`;
}

export function toCursor({ attempt, seq }: Position): string {
  return `${attempt}.${seq}`;
}

/** @throws ApiError `invalid-cursor`. */
export function fromCursor(text: string): Cursor {
  const cursor = parseCursor(text);
  if (cursor) return cursor;
  throw new ApiError(
    'invalid-cursor',
    `cursor ${JSON.stringify(text.slice(0, 80))}: expected the cursor of an event, such as "1.42".`,
  );
}
