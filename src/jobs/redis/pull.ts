import { Wait } from './wait.js';

/**
 * Items for one consumer, who pulls them one by one. It ends by itself, by an error, which the consumer gets once, or
 * when the consumer returns; a wait then ends at once.
 */
export abstract class Pull<T> implements AsyncIterableIterator<T> {
  protected readonly wait = new Wait();
  protected ended = false;
  /** The error that it ends with, if it does. */
  private failure: unknown;

  /** @param release called once, at the end. */
  constructor(private readonly release: () => void) {}

  /** The next item at hand. */
  protected abstract take(): T | undefined;

  /** Waits until there may be another item at hand, or the end. */
  protected abstract more(): Promise<void>;

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    while (!this.ended) {
      const item = this.take();
      if (item !== undefined) return { done: false, value: item };
      await this.more();
    }
    const { failure } = this;
    this.failure = undefined;
    if (failure !== undefined) throw failure;
    return { done: true, value: undefined };
  }

  /** Ends it with this error. */
  fail(error: unknown): void {
    if (!this.ended) this.failure = error;
    this.end();
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.end();
    return { done: true, value: undefined };
  }

  protected end(): void {
    if (this.ended) return;
    this.ended = true;
    this.wait.end();
    this.release();
  }
}
