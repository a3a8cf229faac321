import type { RunEvent } from '../../contract/events.js';
import { fold, type Standing, standingOf } from '../../contract/progress.js';
import type { JobSpec } from '../../contract/spec.js';
import type { RecordChanges } from './append-entries.js';

/** Milliseconds between two changes of a record's progress. */
const interval = 200;

/** The changes to a job's record that follow from a run's events. */
export class RecordProgress {
  private standing: Standing;
  /** The part of the standing that is in the record. */
  private written: Standing;
  private writtenAt = Number.NEGATIVE_INFINITY;
  private weightsSha256: string | null = null;

  constructor(spec: JobSpec) {
    this.standing = this.written = standingOf(spec);
  }

  add(event: RunEvent): void {
    this.standing = fold(this.standing, event);
    if (event.type === 'started') this.weightsSha256 = event.weightsSha256 ?? null;
  }

  /** The changes to write with the next entries; progress only at intervals. */
  changes(): RecordChanges {
    const { standing, written, weightsSha256 } = this;
    const isNew = standing.engine !== written.engine;
    const due = isNew || performance.now() - this.writtenAt >= interval;
    if (due) this.writtenAt = performance.now();
    this.written = standing;
    this.weightsSha256 = null;
    return {
      engine: isNew ? JSON.stringify(standing.engine) : null,
      lossEnd: standing.lossEnd === written.lossEnd ? null : standing.lossEnd,
      progress: due ? this.latest() : null,
      weightsSha256,
    };
  }

  latest(): string | null {
    const { progress } = this.standing;
    return progress && JSON.stringify(progress);
  }
}
