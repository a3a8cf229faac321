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

  constructor(spec: JobSpec) {
    this.standing = this.written = standingOf(spec);
  }

  add(event: RunEvent): void {
    this.standing = fold(this.standing, event);
  }

  /** The changes to write with the next entries; progress only at intervals. */
  changes(): RecordChanges {
    const { standing, written } = this;
    const isNew = standing.engine !== written.engine;
    const due = isNew || performance.now() - this.writtenAt >= interval;
    if (due) this.writtenAt = performance.now();
    this.written = standing;
    return {
      engine: isNew ? JSON.stringify(standing.engine) : null,
      lossEnd: standing.lossEnd === written.lossEnd ? null : standing.lossEnd,
      progress: due ? this.latest() : null,
      weightsSha256: isNew ? standing.weightsSha256 : null,
    };
  }

  latest(): string | null {
    const { progress } = this.standing;
    return progress && JSON.stringify(progress);
  }
}
