import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Logger, pino } from 'pino';
import type { JobEvent, JobEventOf } from '../../src/contract/events.js';
import { artifactNames } from '../../src/contract/job.js';
import type { JobSpec } from '../../src/contract/spec.js';
import { type ArtifactStore, FolderArtifactStore } from '../../src/jobs/artifacts.js';
import type { Attempts } from '../../src/jobs/attempts.js';
import type { Jobs } from '../../src/jobs/jobs.js';
import { openAttempts, openJobs } from '../../src/jobs/redis-jobs.js';
import { decodeSafetensors } from '../../src/weights/safetensors.js';
import { startWorker, type Worker, type WorkerOptions } from '../../src/workers/worker.js';

const silent = pino({ level: process.env.LOG_LEVEL ?? 'silent' });

/** Jobs and workers over one Redis. `close` ends everything that a test started here. */
export class Harness {
  private ends: (() => Promise<void>)[] = [];

  private constructor(
    readonly redisUrl: string,
    readonly jobs: Jobs,
    readonly artifacts: ArtifactStore,
  ) {}

  /** Runs a job twice at the same time, and kills the child of the first run after a checkpoint. */
  async struck(worker: Worker, spec: JobSpec) {
    const [struck, other] = [await this.submit(spec), await this.submit(spec)];
    await this.checkpointed(struck);
    const { pid } = await until(() => worker.children().find(({ job }) => job === struck));
    process.kill(pid!, 'SIGKILL');
    const [events, steady] = await Promise.all([this.watch(struck), this.watch(other)]);
    return { struck, other, events, steady };
  }

  static async open({ url, folder }: { url: string; folder: string }): Promise<Harness> {
    const artifacts = new FolderArtifactStore(artifactFolder(folder));
    return new Harness(url, await openJobs({ redisUrl: url, artifacts }), artifacts);
  }

  async startWorker(options: Partial<WorkerOptions> = {}): Promise<Worker> {
    const { redisUrl, artifacts } = this;
    const { worker, close } = await startWorkerOn(redisUrl, artifacts, { logger: silent, ...options });
    this.ends.push(close);
    return worker;
  }

  async closeWorkers(): Promise<void> {
    for (const end of this.ends) await end();
    this.ends = [];
  }

  async close(): Promise<void> {
    await this.closeWorkers();
    await this.jobs.close();
  }

  async submit(spec: JobSpec): Promise<string> {
    return (await this.jobs.create(spec)).job.id;
  }

  /** Everything on the job's stream, up to its final state. */
  async watch(job: string): Promise<JobEvent[]> {
    const events: JobEvent[] = [];
    for await (const event of await this.jobs.subscribe(job, null)) events.push(event);
    return events;
  }

  async read(job: string, name: keyof typeof artifactNames): Promise<Buffer> {
    const bytes = await this.artifacts.read(job, artifactNames[name]);
    if (!bytes) throw new Error(`${job} has no ${artifactNames[name]}`);
    return bytes;
  }

  /** Waits for a checkpoint with meta-iterations in it. */
  async checkpointed(job: string): Promise<void> {
    await until(async () => {
      if (!(await this.artifacts.list(job)).includes(artifactNames.checkpoint)) return false;
      const { metadata } = decodeSafetensors(await this.read(job, 'checkpoint'));
      return JSON.parse(metadata.state!).training.iteration > 0;
    });
  }
}

export function artifactFolder(folder: string): string {
  return join(folder, 'artifacts');
}

export async function startWorkerOn(
  redisUrl: string,
  artifacts: ArtifactStore,
  options: Partial<WorkerOptions> & { logger: Logger },
): Promise<{ worker: Worker; close: () => Promise<void> }> {
  const attempts: Attempts = await openAttempts({ redisUrl, artifacts });
  const worker = await startWorker({ redisUrl, artifacts, attempts, ...options });
  const close = async () => {
    await worker.close();
    await attempts.close();
  };
  return { worker, close };
}

export async function until<T>(question: () => T | Promise<T>): Promise<NonNullable<Awaited<T>>> {
  for (const begun = performance.now(); performance.now() - begun < 60_000; await delay(10)) {
    const answer = await question();
    if (answer) return answer;
  }
  throw new Error(`waited a minute for ${question}`);
}

export function states(events: JobEvent[]): JobEventOf<'state'>[] {
  return events.filter((event) => event.type === 'state');
}

/** Points by meta-iteration and step, from any attempt; fails if attempts disagree. */
export function lossesIn(events: JobEvent[]): number[] {
  const all: number[] = [];
  for (const event of events) {
    if (event.type !== 'losses') continue;
    for (const [i, point] of event.points.entries()) {
      const key = event.iteration * event.perIteration + i;
      if (all[key] !== undefined && all[key] !== Number(point))
        throw new Error(`point ${key}: ${all[key]} before, and ${point} in attempt ${event.attempt}`);
      all[key] = Number(point);
    }
  }
  return all;
}
