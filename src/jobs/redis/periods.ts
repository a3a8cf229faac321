/**
 * Periods of 1 / `rate` seconds, the same for all subscribers with that rate: one timer begins the next period for all
 * of them, so that what they sum up begins and ends with the same events. It runs only while it is needed.
 */
export class Periods {
  private readonly waiting = new Set<() => void>();
  private timer: NodeJS.Timeout | undefined;
  private number = 0;

  /** @param rate periods per second */
  constructor(private readonly rate: number) {}

  /** The number of the present period. */
  get current(): number {
    if (!this.timer) this.begin();
    return this.number;
  }

  /** Calls back once, when the next period begins. @returns a function that removes the callback. */
  onNext(callback: () => void): () => void {
    if (!this.timer) this.begin();
    this.waiting.add(callback);
    return () => this.waiting.delete(callback);
  }

  private begin(): void {
    const periods = (performance.now() * this.rate) / 1000;
    const { number } = this;
    this.number = Math.floor(periods);
    const left = ((this.number + 1 - periods) * 1000) / this.rate;
    this.timer = setTimeout(() => this.end(), Math.max(1, left)).unref();
    // A timer may be early by a fraction of a millisecond.
    if (this.number > number) this.wake();
  }

  private end(): void {
    this.timer = undefined;
    if (this.waiting.size > 0) this.begin();
  }

  private wake(): void {
    const callbacks = [...this.waiting];
    this.waiting.clear();
    for (const callback of callbacks) callback();
  }
}
