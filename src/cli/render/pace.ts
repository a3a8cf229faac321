/** Milliseconds that the rate is measured over, and between two samples of it. */
const span = 10_000;
const spacing = 250;
/** Milliseconds below which a rate would be a guess. */
const shortest = 500;

/** How fast a count grows, by what it did lately: after a reconnection, much arrives at once. */
export class Pace {
  private samples: { time: number; done: number }[] = [];
  private latest = { time: 0, done: 0 };

  /** @param time milliseconds */
  add(time: number, done: number): void {
    // A job that starts over counts from the beginning.
    if (done < this.latest.done || time < this.latest.time) this.samples = [];
    this.latest = { time, done };
    if (time - (this.samples.at(-1)?.time ?? Number.NEGATIVE_INFINITY) >= spacing) this.samples.push(this.latest);
    while (this.samples.length > 1 && time - this.samples[0]!.time > span) this.samples.shift();
  }

  /** Per second; NaN while unknown. */
  get rate(): number {
    const [first = this.latest] = this.samples;
    const passed = this.latest.time - first.time;
    return passed < shortest ? Number.NaN : ((this.latest.done - first.done) / passed) * 1000;
  }
}
