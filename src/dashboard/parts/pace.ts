/** Milliseconds of progress from which a rate is taken. */
const span = 8_000;
/** Below it, the time between two messages says too little. */
const shortest = 500;

/** How fast something advances, from its progress in the last seconds, or from the last two steps of slow progress. */
export class Pace {
  private readonly samples: { done: number; time: number }[] = [];

  /** @param time in milliseconds, of any clock that only advances */
  add(done: number, time: number): void {
    const { samples } = this;
    const last = samples.at(-1);
    if (last && done === last.done) return;
    // It began again.
    if (last && done < last.done) samples.length = 0;
    samples.push({ done, time });
    while (samples.length > 2 && time - samples[1]!.time >= span) samples.shift();
  }

  /** Per second; null while it is unknown. */
  get rate(): number | null {
    const [first, last] = [this.samples[0], this.samples.at(-1)];
    if (!first || !last || last.time - first.time < shortest) return null;
    return (1000 * (last.done - first.done)) / (last.time - first.time);
  }
}

/** For example "0.35", "2.4" or "1,280". */
export function formatRate(rate: number): string {
  if (rate >= 100) return Math.round(rate).toLocaleString('en-GB');
  return rate >= 10 ? rate.toFixed(0) : String(Number(rate.toPrecision(2)));
}
