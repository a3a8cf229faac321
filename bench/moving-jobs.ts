import { setTimeout as delay } from 'node:timers/promises';
import type { Harness } from '../test/jobs/harness.js';

/** Meta-iterations of each append: at four per second, a training of some 400 per second. */
const iterations = 100;

export interface MovingJobs {
  readonly ids: readonly string[];
  /** Appends so far. */
  readonly appends: number;
  stop(): Promise<void>;
}

/**
 * Running jobs that get losses, and with them a record that changes.
 * @param interval milliseconds between two appends of a job
 */
export async function moveJobs(harness: Harness, count: number, interval = 250): Promise<MovingJobs> {
  const jobs: Awaited<ReturnType<Harness['begin']>>[] = [];
  for (let i = 0; i < count; i++) {
    const fields = { title: `Moving ${i}`, labels: [`group-${i % 8}`], seed: i, training: { iterations: 1_000_000 } };
    const job = await harness.begin(fields);
    await job.attempt.append({ type: 'progress', phase: 'training', done: 0, total: 1_000_000 });
    jobs.push(job);
  }
  const moving = { ids: jobs.map(({ id }) => id), appends: 0, stopped: false };
  const moved = jobs.map(async ({ attempt }, i) => {
    // The jobs take turns within an interval.
    await delay((i / count) * interval);
    for (let iteration = 0, due = performance.now(); !moving.stopped; iteration += iterations) {
      const points = Float32Array.from(
        { length: iterations },
        (_, p) => 1 + 10 / Math.sqrt(1 + iteration + p) + Math.sin(i + p),
      );
      await attempt.append({ type: 'losses', iteration, step: iteration, perIteration: 1, points });
      moving.appends++;
      due += interval;
      await delay(Math.max(0, due - performance.now()));
    }
  });
  return {
    get ids() {
      return moving.ids;
    },
    get appends() {
      return moving.appends;
    },
    async stop() {
      moving.stopped = true;
      await Promise.all(moved);
      await Promise.all(jobs.map(({ attempt }) => attempt.succeed()));
    },
  };
}
