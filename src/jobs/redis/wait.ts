/** The waits of one consumer, one at a time, which `end` cuts short. */
export class Wait {
  private wake: () => void = () => {};

  /** Ends the current wait. */
  end(): void {
    this.wake();
  }

  /** @param wait calls `done` at some time, or never; it may return what then undoes it. */
  async until(wait: (done: () => void) => undefined | (() => void)): Promise<void> {
    let forget: undefined | (() => void);
    await new Promise<void>((resolve) => {
      this.wake = resolve;
      forget = wait(resolve);
    });
    this.wake = () => {};
    forget?.();
  }

  sleep(milliseconds: number): Promise<void> {
    return this.until((done) => {
      const timer = setTimeout(done, milliseconds);
      return () => clearTimeout(timer);
    });
  }

  /** The promise's value; undefined if the wait was ended before. @throws its error. */
  async value<T>(promise: Promise<T>): Promise<T | undefined> {
    let value: T | undefined;
    let failure: { error: unknown } | undefined;
    await this.until((done) => {
      promise
        .then(
          (result) => {
            value = result;
          },
          (error) => {
            failure = { error };
          },
        )
        .then(done);
    });
    if (failure) throw failure.error;
    return value;
  }
}
