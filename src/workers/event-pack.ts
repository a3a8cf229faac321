import type { RunEvent, RunEventOf } from '../contract/events.js';

/** A pack is due after this time (ms) or this many points, whichever comes first. */
const maxAge = 40;
const maxPoints = 16_384;

/**
 * Collects a run's events before they are sent, and joins losses of consecutive meta-iterations into one event. A slow
 * run's pack is due as soon as it has an event; a fast one's is large.
 */
export class EventPack {
  private events: RunEvent[] = [];
  /** The losses that more can be joined to, with the points so far; the event's `points` are filled in at the end. */
  private open: { event: RunEventOf<'losses'>; parts: Float32Array[]; points: number } | null = null;
  /** The first event does not wait, since a run's first computation may be long. */
  private takenAt = Number.NEGATIVE_INFINITY;

  get isEmpty(): boolean {
    return this.events.length === 0 && this.open === null;
  }

  get isDue(): boolean {
    if (this.isEmpty) return false;
    return performance.now() - this.takenAt >= maxAge || (this.open?.points ?? 0) >= maxPoints;
  }

  add(event: RunEvent): void {
    if (event.type === 'losses' && this.open && follows(event, this.open)) {
      this.open.parts.push(event.points);
      this.open.points += event.points.length;
      return;
    }
    this.seal();
    if (event.type === 'losses') this.open = { event, parts: [event.points], points: event.points.length };
    else this.events.push(event);
  }

  /** Empties the pack. */
  take(): RunEvent[] {
    this.seal();
    const { events } = this;
    this.events = [];
    this.takenAt = performance.now();
    return events;
  }

  private seal(): void {
    if (!this.open) return;
    const { event, parts, points } = this.open;
    const joined = new Float32Array(points);
    let offset = 0;
    for (const part of parts) {
      joined.set(part, offset);
      offset += part.length;
    }
    this.events.push({ ...event, points: joined });
    this.open = null;
  }
}

/** Whether the event continues exactly where the pack's points end. */
function follows(next: RunEventOf<'losses'>, { event, points }: { event: RunEventOf<'losses'>; points: number }) {
  return next.perIteration === event.perIteration && next.iteration === event.iteration + points / event.perIteration;
}
