/** Milliseconds of progress that a rate is taken from, and between two samples of it. */
const span = 10_000;
const spacing = 250;
/** Below it, the time between two messages says too little: after a reconnection, much arrives at once. */
const shortest = 500;

interface Sample {
  readonly done: number;
  readonly time: number;
}

/** How fast something advances, from its progress in the last seconds, or from the last two steps of slow progress. */
export class Pace {
  private samples: Sample[] = [];
  private latest: Sample | null = null;

  /** @param time in milliseconds, of any clock */
  add(done: number, time: number): void {
    const { latest } = this;
    if (done === latest?.done) return;
    // It began again, or is told by another clock.
    if (latest && (done < latest.done || time < latest.time)) this.samples = [];
    this.latest = { done, time };
    const { samples } = this;
    if (time - (samples.at(-1)?.time ?? Number.NEGATIVE_INFINITY) >= spacing) samples.push(this.latest);
    while (samples.length > 2 && time - samples[1]!.time >= span) samples.shift();
  }

  /** Per second; null while it is unknown. */
  get rate(): number | null {
    const { latest } = this;
    const [first] = this.samples;
    if (!first || !latest || latest.time - first.time < shortest) return null;
    return (1000 * (latest.done - first.done)) / (latest.time - first.time);
  }
}
