import type { TrainingSpec } from '../../../contract/training.js';
import { type LossStore, readPoints } from './points.js';
import { storeSummary } from './store-summary.js';
import { LossSummary } from './summary.js';

/** Bytes of records per round trip. */
const batchBytes = 1 << 18;

/** Sums up the losses of an attempt that has ended, and whose worker has not done so. */
export async function makeSummary(store: LossStore, attempt: number, training: TrainingSpec): Promise<void> {
  const { redis, job } = store;
  const summary = new LossSummary(training);
  let made: Buffer[] = [];
  let bytes = 0;
  for await (const page of readPoints(store, attempt, { from: 0, to: Number.POSITIVE_INFINITY })) {
    for (const points of page) {
      const part = summary.add(points);
      made.push(part);
      bytes += part.length;
    }
    if (bytes < batchBytes) continue;
    if (!(await storeSummary(redis, job, attempt, made, false))) return;
    made = [];
    bytes = 0;
  }
  await storeSummary(redis, job, attempt, [...made, summary.current()], true);
}
