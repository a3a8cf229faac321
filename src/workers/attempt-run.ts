import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { JobFailure, RunEvent } from '../contract/events.js';
import { artifactNames } from '../contract/job.js';
import type { CompareSpec } from '../contract/spec.js';
import type { ArtifactStore, ArtifactWriter } from '../jobs/artifacts.js';
import { type Attempt, AttemptLost } from '../jobs/attempts.js';
import type { Child, Exit } from './child-process.js';
import type { Delivery, FromChild } from './messages.js';
import { waitOut } from './wait-out.js';

/** Milliseconds for a child to stop when asked to; then it is killed. */
const patience = { cancelled: 500, 'shut-down': 5_000 };
/** Milliseconds to process the child's last messages after its end, since Redis may be full. */
const drainPatience = 200;

export interface AttemptRunOptions {
  artifacts: ArtifactStore;
  /** Aborted when the worker closes. */
  shutdown: AbortSignal;
  /** Milliseconds between checkpoints. */
  checkpointEvery: number;
  /** Milliseconds to wait for a failing artifact store. */
  storePatience: number;
  logger: Logger;
}

/** How the computation of an attempt ended. */
export type Outcome =
  /** `taken`: another attempt has the job, or it was deleted. */
  { type: 'succeeded' | 'cancelled' | 'taken' | 'shut-down' } | { type: 'failed' | 'lost'; failure: JobFailure };

/**
 * Runs an attempt in a child until the child exits. Its events go to the job's stream, its snapshots to the artifacts.
 * Waits while the artifact store, or starting a child, fails for a reason that may pass.
 * @throws what the stream throws, and the artifact store's errors that outlast the patience.
 */
export async function runAttempt(
  attempt: Attempt,
  takeChild: () => Promise<Child>,
  options: AttemptRunOptions,
): Promise<Outcome> {
  const { shutdown, storePatience: patience, logger } = options;
  const stop = AbortSignal.any([attempt.signal, shutdown]);
  const insist: Insist = (action) => waitOut(action, { stop, patience, logger });
  try {
    const child = await insist(takeChild);
    const run = new AttemptRun(attempt, child, options, insist);
    try {
      return await run.outcome();
    } finally {
      await run.end();
      await child.exited;
    }
  } catch (error) {
    if (!stop.aborted) throw error;
    logger.warn(error, 'the attempt was stopped while waiting');
    return { type: ending(attempt) };
  }
}

/** How a stopped attempt ends. */
function ending({ signal }: Attempt): 'taken' | 'cancelled' | 'shut-down' {
  if (!signal.aborted) return 'shut-down';
  return signal.reason instanceof AttemptLost ? 'taken' : 'cancelled';
}

/** Repeats an action while it fails for a reason that may pass. */
type Insist = <T>(action: () => Promise<T>) => Promise<T>;

class AttemptRun {
  /** The outcome that the child itself reported. */
  private reported: Outcome | null = null;
  /** Whether the stream has refused events of a cancelled job, so that a checkpoint would be ahead of it. */
  private streamClosed = false;
  /** The results received so far. */
  private results: ArtifactWriter | null = null;
  private readonly over = new AbortController();

  constructor(
    private readonly attempt: Attempt,
    private readonly child: Child,
    private readonly options: AttemptRunOptions,
    private readonly insist: Insist,
  ) {}

  async outcome(): Promise<Outcome> {
    const { attempt, child, options } = this;
    const messages = child.messages();
    const weights = attempt.spec.kind === 'compare' ? await this.insist(() => attempt.namedWeights()) : null;
    if (attempt.spec.kind === 'compare') {
      if (weights === null) return weightsMissing(attempt.spec);
      const { weightsSha256 } = attempt;
      if (weightsSha256 !== null && weightsSha256 !== weights.sha256)
        return weightsChanged(weightsSha256, weights.sha256);
    }
    const checkpoint = await this.insist(() => options.artifacts.read(attempt.job, artifactNames.checkpoint));
    const { checkpointEvery, shutdown } = options;
    child.send({ type: 'run', spec: attempt.spec, weights, checkpoint, checkpointEvery });

    const drained = this.drain(messages);
    await Promise.race([drained, this.stopped(drained)]);
    if (attempt.signal.aborted) return { type: ending(attempt) };
    if (this.reported) return this.reported;
    if (shutdown.aborted) return { type: ending(attempt) };
    return lost(await child.exited);
  }

  /** Ends the child, and drops its unprocessed messages. */
  async end(): Promise<void> {
    this.over.abort();
    this.child.kill();
    await this.results?.discard();
  }

  /** Processes the child's messages one by one until it exits. */
  private async drain(messages: AsyncIterable<[FromChild]>): Promise<void> {
    for await (const [message] of messages) {
      if (this.over.signal.aborted) return;
      switch (message.type) {
        case 'restart':
          this.options.logger.warn({ reason: message.reason }, 'cannot resume from the checkpoint; starting over');
          break;
        case 'failed':
          this.options.logger.error({ failure: message.failure, stack: message.stack }, 'the job failed in its child');
          this.reported = { type: 'failed', failure: message.failure };
          break;
        default:
          await this.accept(message);
          this.child.send({ type: 'credit' });
      }
    }
  }

  private accept(delivery: Delivery): Promise<void> {
    switch (delivery.type) {
      case 'events':
        this.attempt.measure(delivery.timed);
        return this.append(delivery.events);
      case 'results':
        return this.saveResults(delivery.bytes);
      case 'snapshot':
        return this.save(delivery.checkpoint, delivery.weights);
    }
  }

  private async append(events: RunEvent[]): Promise<void> {
    for (const event of events) {
      if (event.type === 'done') this.reported = { type: 'succeeded' };
      if (event.type === 'diverged') {
        const { type: code, message } = event;
        this.reported = { type: 'failed', failure: { code, message } };
      }
    }
    try {
      await Promise.all(events.map((event) => this.attempt.append(event)));
    } catch (error) {
      if (!this.attempt.signal.aborted) throw error;
      this.streamClosed = true;
    }
  }

  private async saveResults(bytes: Uint8Array | null): Promise<void> {
    const { artifacts } = this.options;
    this.results ??= await this.insist(() => artifacts.create(this.attempt.job, artifactNames.results));
    const { results } = this;
    if (bytes) return this.insist(() => results.write(bytes));
    await this.insist(() => results.commit());
    this.results = null;
  }

  private async save(checkpoint: Uint8Array | null, weights: Uint8Array | null): Promise<void> {
    const { attempt, options } = this;
    if (attempt.signal.reason instanceof AttemptLost) return;
    const put = (name: string, bytes: Uint8Array) => options.artifacts.put(attempt.job, name, bytes);
    // The last snapshot of a run has no checkpoint, and must not be lost.
    if (!checkpoint) return weights ? this.put(artifactNames.weights, weights) : undefined;
    try {
      if (weights) await put(artifactNames.weights, weights);
      if (!this.streamClosed) await put(artifactNames.checkpoint, checkpoint);
    } catch (error) {
      // More will follow: training does not wait for this one.
      options.logger.error(error, 'cannot store a checkpoint');
    }
  }

  /** After a request to stop, resolves when the run has stopped or its time is up. */
  private async stopped(drained: Promise<void>): Promise<void> {
    const { attempt, child } = this;
    const stop = AbortSignal.any([attempt.signal, this.options.shutdown, this.over.signal]);
    if (!stop.aborted) await once(stop, 'abort');
    child.send({ type: 'stop' });
    const limit = patience[attempt.signal.aborted ? 'cancelled' : 'shut-down'];
    await Promise.race([child.exited, delay(limit, null, { ref: false })]);
    child.kill();
    await Promise.race([drained, delay(drainPatience, null, { ref: false })]);
  }

  private put(name: string, bytes: Uint8Array): Promise<void> {
    return this.insist(() => this.options.artifacts.put(this.attempt.job, name, bytes));
  }
}

function weightsMissing({ optimizer }: CompareSpec): Outcome {
  const message =
    'job' in optimizer
      ? `/optimizer/job: the job ${optimizer.job} has no weights, or was deleted: name a job that has weights.`
      : `/optimizer: ${optimizer.name}@${optimizer.version} was deleted from the registry after this job was submitted: submit the job again with a registered version.`;
  return { type: 'failed', failure: { code: 'weights-missing', message } };
}

function weightsChanged(pinned: string, found: string): Outcome {
  const message = `/optimizer: the weights that this job compares have changed since it was submitted or begun (SHA-256 ${pinned}, now ${found}), so its results would mix two optimizers: submit the job again to compare the new weights.`;
  return { type: 'failed', failure: { code: 'weights-changed', message } };
}

function lost({ description, outOfMemory }: Exit): Outcome {
  const message = `The child process that ran the job ${description}`;
  if (outOfMemory)
    return { type: 'failed', failure: { code: 'out-of-memory', message: `${message}: its JavaScript heap was full.` } };
  return { type: 'lost', failure: { code: 'child-lost', message: `${message} before the job was done.` } };
}
