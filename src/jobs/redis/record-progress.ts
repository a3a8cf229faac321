import type { RunEvent } from '../../contract/events.js';
import { toWire } from '../../contract/schema.js';
import type { RecordChanges } from './append-entries.js';
import type { Progress } from './record.js';

/** Milliseconds between two changes of a record's progress. */
const interval = 200;

/** What a run's events change in the job's record. */
export class RecordProgress {
  private progress: Progress | null = null;
  private iterations = 0;
  private engine: string | null = null;
  private lossEnd: number | null = null;
  private writtenAt = Number.NEGATIVE_INFINITY;

  add(event: RunEvent): void {
    switch (event.type) {
      case 'started':
        this.engine = JSON.stringify(event.engine);
        this.iterations = event.iterations;
        this.writtenAt = Number.NEGATIVE_INFINITY;
        if (event.iterations > 0) this.progress = { phase: 'training', done: 0, total: event.iterations, loss: null };
        break;
      case 'losses': {
        const { iteration, perIteration, points } = event;
        if (points.length === 0) break;
        const first = Math.floor((points.length - 1) / perIteration);
        const latest = points.subarray(first * perIteration);
        const done = iteration + first + 1;
        const loss = toWire(latest.reduce((sum, x) => sum + x, 0) / latest.length);
        this.progress = { phase: 'training', done, total: this.iterations, loss };
        this.lossEnd = done;
        break;
      }
      case 'progress': {
        const { phase, done, total } = event;
        this.progress = { phase, done, total, loss: this.progress?.loss ?? null };
        break;
      }
    }
  }

  /** What to change along with the next entries; the progress only now and then. */
  changes(): RecordChanges {
    const { engine, lossEnd } = this;
    this.engine = null;
    const due = performance.now() - this.writtenAt >= interval;
    if (due) this.writtenAt = performance.now();
    return { engine, lossEnd, progress: due ? this.latest() : null };
  }

  latest(): string | null {
    return this.progress && JSON.stringify(this.progress);
  }
}
