import type { RunEvent } from '../contract/events.js';
import type { JobSpec } from '../contract/spec.js';
import { type Part, type Timed, unitsOf } from '../jobs/work.js';

/** Adds up the time that a run computes for each part of its work. */
export class Stopwatch {
  private readonly totals = new Map<Part, { seconds: number; units: number }>();
  /** Seconds since the last unit was complete. */
  private seconds = 0;
  /** Whether a tuning or comparison that begins now is seen from its beginning. */
  private isWhole = false;
  private isComparing = false;

  constructor(private readonly spec: JobSpec) {}

  /** The work of complete units so far. */
  get timed(): Timed[] {
    return [...this.totals].map(([part, total]) => ({ part, ...total }));
  }

  /** @param seconds that the run took for the event */
  add(event: RunEvent, seconds: number): void {
    this.seconds += seconds;
    switch (event.type) {
      case 'started':
        this.isWhole = true;
        this.seconds = 0;
        break;
      case 'losses':
        this.isWhole = true;
        this.complete('training', event.points.length);
        break;
      // A validation ends with the health, which is measured after it.
      case 'health':
        this.complete('validation', 1);
        break;
      case 'progress':
        if (event.phase !== 'comparison' || this.isComparing) break;
        // The tuning ended before this event.
        this.isComparing = true;
        this.seconds -= seconds;
        this.completeWhole('tuning');
        this.seconds = seconds;
        break;
      case 'comparison':
        this.completeWhole('comparison');
        break;
    }
  }

  /** A resumed tuning or comparison was partly done before: its time says nothing. */
  private completeWhole(part: 'tuning' | 'comparison'): void {
    const units = unitsOf(this.spec)[part];
    if (this.isWhole && units > 0) this.complete(part, units);
    this.seconds = 0;
  }

  private complete(part: Part, units: number): void {
    const before = this.totals.get(part) ?? { seconds: 0, units: 0 };
    this.totals.set(part, { seconds: before.seconds + this.seconds, units: before.units + units });
    this.seconds = 0;
  }
}
