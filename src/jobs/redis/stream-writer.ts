import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { BaseLogger } from 'pino';
import type { JobFailure, JobState, RunEvent } from '../../contract/events.js';
import type { JobSpec } from '../../contract/spec.js';
import type { ArtifactStore } from '../artifacts.js';
import { AttemptLost } from '../attempts.js';
import { appendEntries, type Holder, type NumberedEntry, type RecordChanges } from './append-entries.js';
import { isOutage } from './connection.js';
import { type EndOutcome, endAttempt } from './end-attempt.js';
import { encodeEntry } from './entries.js';
import { LossSummary } from './losses/summary.js';
import { moveOldest } from './move-oldest.js';
import { RecordProgress } from './record-progress.js';

/**
 * For how long written entries are kept here, ms: with `appendfsync everysec` a crashing Redis may lose two seconds.
 */
const keepFor = 3000;
/** Limits of one round trip. */
const batchLength = 256;
const batchBytes = 1 << 20;
/** First and longest wait, ms, before a retry with a full or unreachable Redis. */
const backoff = { first: 50, longest: 1000 };
/** For how long an append keeps waiting, ms, once the attempt is to stop. */
const patience = 200;

/** Characters of a failure's message. */
const longestMessage = 10_000;

const noChanges: RecordChanges = { progress: null, engine: null, lossEnd: null, weightsSha256: null };

interface Pending extends NumberedEntry {
  resolve(): void;
  reject(error: unknown): void;
}

export interface StreamWriterOptions {
  redis: Redis;
  artifacts: ArtifactStore;
  spec: JobSpec;
  /** Size in bytes above which the oldest entries move to an artifact. */
  maxStreamBytes: number;
  logger?: BaseLogger | undefined;
  /** Aborted when the connection is closed for good, so that nothing waits for Redis any longer. */
  closed: AbortSignal;
}

/** A plugin's error may have a message of any length, and an event may not. */
function shorten(message: string): string {
  return message.length > longestMessage ? `${message.slice(0, longestMessage)}…` : message;
}

/** Writes an attempt's events to the job's stream, in order, exactly once. */
export class StreamWriter {
  /** Numbers of the last entry appended, and of the last one that Redis has; 1 is the `running` state. */
  private seq = 1;
  private written = 1;
  private pending: Pending[] = [];
  private pumping: Promise<void> | null = null;
  private readonly kept: { entry: NumberedEntry; at: number }[] = [];
  private readonly progress: RecordProgress;
  /** Of a job that trains. */
  private readonly summary: LossSummary | null;

  constructor(
    private readonly holder: Holder,
    private readonly stop: AbortController,
    private readonly options: StreamWriterOptions,
  ) {
    const { spec } = options;
    this.progress = new RecordProgress(spec);
    this.summary = spec.kind === 'metatrain' ? new LossSummary(spec.training) : null;
    const event = JSON.stringify({ type: 'state', state: 'running', reason: null, time: holder.startedAt });
    this.keep([{ seq: 1, event, points: null, summary: null }]);
    stop.signal.addEventListener('abort', () => {
      // Delayed, so that entries which Redis accepts promptly still become part of the stream.
      setTimeout(() => this.drop(stop.signal.reason), patience).unref();
    });
  }

  append(event: RunEvent): Promise<void> {
    if (this.stop.signal.aborted) return Promise.reject(this.stop.signal.reason);
    this.progress.add(event);
    this.seq += 1;
    const { seq } = this;
    const entry = { seq, ...encodeEntry(event, Date.now()), summary: this.summaryOf(event) };
    return new Promise((resolve, reject) => {
      this.pending.push({ ...entry, resolve, reject });
      this.pumping ??= this.pump();
    });
  }

  private summaryOf(event: RunEvent): Buffer | null {
    if (event.type === 'losses') return this.summary?.add({ seq: this.seq, ...event }) ?? null;
    // The attempt's first event.
    return this.seq === 2 ? (this.summary?.current() ?? null) : null;
  }

  /**
   * Ends the attempt after its last event. An attempt that has lost its job changes nothing.
   * @returns null in that case.
   */
  async end(state: JobState, reason: JobFailure | null): Promise<Extract<EndOutcome, { type: 'ended' }> | null> {
    if (this.stop.signal.aborted) this.drop(this.stop.signal.reason);
    await this.pumping;
    const why = reason && { ...reason, message: shorten(reason.message) };
    for (;;) {
      const outcome = await this.insist(() =>
        endAttempt(this.options.redis, this.holder, this.written, state, why, this.progress.latest()),
      );
      if (outcome.type === 'ended') return outcome;
      if (outcome.type === 'taken' || !(await this.restore(outcome.seq))) {
        this.lost();
        return null;
      }
    }
  }

  /** Drops the entries that Redis does not have. */
  private drop(reason: unknown): void {
    for (const { reject } of this.pending.splice(0)) reject(reason);
  }

  private async pump(): Promise<void> {
    // Calls of one turn of the event loop are sent together.
    await Promise.resolve();
    while (this.pending.length > 0) {
      const batch = this.nextBatch();
      try {
        const isWanted = () => this.pending[0] === batch[0];
        const bytes = await this.write(batch, isWanted);
        if (bytes > this.options.maxStreamBytes) await this.makeRoom(bytes, isWanted);
        if (isWanted()) this.pending.splice(0, batch.length);
        for (const { resolve } of batch) resolve();
      } catch (error) {
        this.drop(error);
      }
    }
    // In the same turn as the last check of `pending`, so that an append finds either this pump running or none.
    this.pumping = null;
  }

  private nextBatch(): Pending[] {
    let bytes = 0;
    const end = this.pending.findIndex(({ event, points }, i) => {
      bytes += event.length + (points?.length ?? 0);
      return i > 0 && (i >= batchLength || bytes > batchBytes);
    });
    return this.pending.slice(0, end === -1 ? undefined : end);
  }

  /** @returns the size of the whole stream in bytes. @throws AttemptLost. */
  private async write(entries: readonly Pending[], isWanted: () => boolean): Promise<number> {
    const { redis } = this.options;
    const changes = this.progress.changes();
    for (;;) {
      const outcome = await this.insist(
        () => appendEntries(redis, this.holder, this.written, entries, changes),
        (error) => isOutage(error) && isWanted(),
      );
      if (outcome.type === 'taken') throw this.lost();
      if (outcome.type === 'behind') {
        if (!(await this.restore(outcome.seq))) throw this.lost();
        continue;
      }
      this.written = entries.at(-1)!.seq;
      this.keep(entries);
      if (outcome.cancel && !this.stop.signal.aborted) this.stop.abort(new Error('The job is to be cancelled.'));
      return outcome.bytes;
    }
  }

  /** Rewrites the entries after this one, which Redis lost in a crash. @returns whether the job is still ours. */
  private async restore(seq: number): Promise<boolean> {
    const missing = this.kept.map(({ entry }) => entry).filter((entry) => entry.seq > seq);
    const { job, attempt } = this.holder;
    this.options.logger?.warn(
      { job, attempt, from: seq + 1, to: this.written, kept: missing.length },
      'Redis has lost entries of the stream; rewriting them',
    );
    for (let from = 0; from < missing.length; from += batchLength) {
      const entries = missing.slice(from, from + batchLength);
      const outcome = await this.insist(() => appendEntries(this.options.redis, this.holder, seq, entries, noChanges));
      if (outcome.type === 'taken') return false;
    }
    // Older ones are lost for good: the stream continues after what is left.
    if (missing.length === 0) this.written = seq;
    return true;
  }

  private keep(entries: readonly NumberedEntry[]): void {
    const at = performance.now();
    for (const { seq, event, points, summary } of entries)
      this.kept.push({ entry: { seq, event, points, summary }, at });
    const old = this.kept.findIndex((kept) => kept.at > at - keepFor);
    if (old > 0) this.kept.splice(0, old);
  }

  private lost(): AttemptLost {
    const error = new AttemptLost(this.holder.job);
    if (!this.stop.signal.aborted) this.stop.abort(error);
    return error;
  }

  /** Moves the oldest half of the stream to an artifact; while that fails, for any reason, the run waits. */
  private async makeRoom(bytes: number, isWanted: () => boolean): Promise<void> {
    const { redis, artifacts, maxStreamBytes } = this.options;
    const newest = { attempt: this.holder.attempt, seq: this.written };
    await this.insist(() => moveOldest(redis, artifacts, this.holder, newest, bytes - maxStreamBytes / 2), isWanted);
  }

  /** Repeats an action while its error is temporary. */
  private async insist<T>(action: () => Promise<T>, isTemporary: (error: unknown) => boolean = isOutage): Promise<T> {
    for (let wait = backoff.first; ; wait = Math.min(2 * wait, backoff.longest)) {
      try {
        return await action();
      } catch (error) {
        const { logger, closed } = this.options;
        if (closed.aborted || !isTemporary(error)) throw error;
        const { job, attempt } = this.holder;
        logger?.warn({ err: error, job, attempt }, 'cannot write to the stream; retrying');
        await delay(wait, null, { signal: closed }).catch(() => {});
      }
    }
  }
}
