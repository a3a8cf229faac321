import { type Cursor, formatCursor } from '../../contract/cursor.js';
import type { JobEvent } from '../../contract/events.js';
import { isFinal } from '../../contract/job.js';
import { derived } from './derived-events.js';
import { PendingLosses } from './pending-losses.js';
import type { Periods } from './periods.js';
import { compare, type Position } from './position.js';

export type EventType = JobEvent['type'];

/**
 * What a subscriber gets of a job's events. With a rate, there is at most one message with losses for each period: the
 * sum of those since the last one. It is sent before the first other event that follows losses in the period, or when
 * the period ends. Further events overtake the losses before them, and their cursors say so. The final `state`, and what
 * is of another attempt or follows a gap, waits for them.
 */
export class Selection {
  readonly wantsLosses: boolean;
  private pending: PendingLosses | null = null;
  /** An event that follows the pending losses. */
  private held: JobEvent | undefined;
  /** The period that the last message with losses was for: the one that it was sent in, or the one before. */
  private spent = -1;
  /** The periods in which the last one was sent, and in which there were last no losses at hand. */
  private sent = -1;
  private idle = -1;
  /** Positions up to which events have been taken, and up to which others than losses have been delivered. */
  private taken: Position;
  private others: Position;

  /**
   * @param types null for all.
   * @param periods null for losses as they are.
   */
  constructor(
    { attempt, seq, losses }: Cursor,
    private readonly types: ReadonlySet<EventType> | null,
    readonly periods: Periods | null,
  ) {
    this.wantsLosses = !types || types.has('losses') || (periods !== null && types.has('loss-buckets'));
    this.taken = { attempt, seq: losses };
    this.others = { attempt, seq };
  }

  /** Whether it needs the next period, rather than more events. */
  get isBlocked(): boolean {
    return this.held !== undefined;
  }

  /** Whether it can leave losses to the next period: it has some, or has sent some in this one. */
  get isThinning(): boolean {
    return this.pending !== null || (this.periods !== null && this.sent === this.periods.current);
  }

  /**
   * The next event to deliver.
   * @param take the next event of the job that is at hand
   * @returns undefined if there is none before more events are at hand, or before the next period
   */
  next(take: () => JobEvent | undefined): JobEvent | undefined {
    for (;;) {
      const event = this.held ?? take();
      this.held = undefined;
      if (!event) return this.atEnd();
      this.taken = event;
      if (!this.wants(event)) continue;
      if (this.pending && mustFollow(this.pending.first, event)) return this.hold(event);
      if (event.type === 'losses') {
        if (!this.periods) return this.withCursor(event);
        if (this.pending) this.pending.add(event);
        else this.pending = new PendingLosses(event, this.idle);
        continue;
      }
      if (this.pending && this.maySend()) return this.hold(event);
      if (compare(event, this.others) > 0) this.others = event;
      return this.withCursor(event);
    }
  }

  private wants(event: JobEvent): boolean {
    if (event.type === 'losses') return this.wantsLosses;
    if (isEnd(event) || event.type === 'truncated') return true;
    return (this.types?.has(event.type) ?? true) && compare(event, this.others) > 0;
  }

  /** Delivers the pending losses before the event: now, or in the next period. */
  private hold(event: JobEvent): JobEvent | undefined {
    this.held = event;
    return this.maySend() ? this.flush() : undefined;
  }

  private maySend(): boolean {
    return this.periods!.current > this.spent;
  }

  /** With nothing more at hand, the losses that came by the end of a period are due. */
  private atEnd(): JobEvent | undefined {
    const { pending, periods } = this;
    if (pending && this.maySend() && periods!.current > pending.since) return this.flush();
    if (!pending && periods) this.idle = periods.current;
    return undefined;
  }

  private flush(): JobEvent {
    const sum = this.pending!.toEvent((last) => this.cursorAfter(last));
    this.pending = null;
    this.sent = this.idle = this.periods!.current;
    // A message that ends a period leaves the next one its own, for an event that follows losses.
    this.spent = Math.max(this.spent + 1, this.sent - 1);
    return sum;
  }

  private withCursor(event: JobEvent): JobEvent {
    const cursor = this.cursorAfter(event);
    return cursor === undefined ? event : derived(event, cursor, () => ({ ...event, cursor }));
  }

  /** The cursor after this event is delivered; undefined where it is `attempt.seq`. */
  private cursorAfter(event: JobEvent): string | undefined {
    const { others, taken, pending } = this;
    if (pending && event.type !== 'losses') return formatCursor({ ...event, losses: pending.first.seq - 1 });
    if (compare(others, event) <= 0) return undefined;
    // With this event, all losses that were taken are delivered.
    return formatCursor({ ...others, losses: compare(others, taken) <= 0 ? others.seq : event.seq });
  }
}

/** Whether the event may not overtake these losses. */
function mustFollow(losses: JobEvent, event: JobEvent): boolean {
  return event.attempt !== losses.attempt || isEnd(event) || event.type === 'truncated';
}

function isEnd(event: JobEvent): boolean {
  return event.type === 'state' && isFinal(event.state);
}
