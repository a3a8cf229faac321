import type { JobEvent } from './events.js';

/**
 * Where a subscriber of a job's events resumes: after event `seq` of the attempt, and with losses after `losses`. They
 * differ where events have overtaken losses that a thinned stream had still to sum up.
 */
export interface Cursor {
  readonly attempt: number;
  readonly seq: number;
  /** At most `seq`. */
  readonly losses: number;
}

/** `attempt.seq`, or `attempt.seq~losses` where they differ. */
export function formatCursor({ attempt, seq, losses }: Cursor): string {
  return losses === seq ? `${attempt}.${seq}` : `${attempt}.${seq}~${losses}`;
}

/** @returns null if the text is not a cursor. */
export function parseCursor(text: string): Cursor | null {
  const match = /^(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,14})(?:~(0|[1-9]\d{0,14}))?$/.exec(text);
  if (!match) return null;
  const [attempt, seq, losses] = [match[1], match[2], match[3] ?? match[2]].map(Number) as [number, number, number];
  return losses <= seq ? { attempt, seq, losses } : null;
}

/** The cursor of an event, for everything after it. */
export function cursorOf({ attempt, seq, cursor }: Pick<JobEvent, 'attempt' | 'seq' | 'cursor'>): string {
  return cursor ?? `${attempt}.${seq}`;
}

/** Whether a subscriber at cursor a has received something that one at cursor b has not. */
export function isAfter(a: Cursor, b: Cursor): boolean {
  return a.attempt > b.attempt || (a.attempt === b.attempt && (a.seq > b.seq || a.losses > b.losses));
}
