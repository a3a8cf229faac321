import { type ComparisonSpec, curveSteps } from '../../contract/comparison.js';
import type { Engine } from '../engines/engine.js';
import type { FunctionChunks } from '../optimise/functions.js';
import { type Measured, measureRuns } from '../optimise/measures.js';
import type { Method, Optimisation } from '../optimise/method.js';
import { mean, sortedQuantile } from '../statistics.js';

/** Probabilities of the quantile curves. */
export const probabilities = [0.05, 0.25, 0.5, 0.75, 0.95];

/** What is kept of an optimizer's runs. */
export interface Runs {
  /** Per function. */
  readonly measured: Measured<Float64Array>;
  /**
   * f(θ_t) over functions at the steps of the curves: its mean, then its quantiles, [1 + probabilities, points]; then, if
   * they are kept, each function's mean over the steps since the point before, [functions, points].
   */
  readonly curves: Float64Array;
  /** Functions whose final loss is above their first, or not finite. */
  readonly diverged: number;
}

export interface RunsState {
  /** Runs of the finished optimizers. */
  readonly finished: Runs[];
  /** How many functions the next optimizer has done. */
  functions: number;
  /** Its f(θ_t) [steps + 1, functions]. */
  readonly losses: Float32Array;
}

/** Runs one optimizer after the other on all functions, from the same starting points. */
export class PairedRuns {
  readonly phase = 'comparison';
  private running: Optimisation | null = null;
  /** Curves of the optimizer whose functions are done; the first `summarised` points are computed. */
  private curves: Float64Array;
  private summarised = 0;
  /** The steps of the curves. */
  private readonly points: readonly number[];

  constructor(
    private readonly engine: Engine,
    private readonly functions: FunctionChunks,
    private readonly methods: readonly Method[],
    private readonly steps: number,
    private readonly now: RunsState,
    private readonly kept: ComparisonSpec['curves'],
  ) {
    this.points = curveSteps(steps, kept?.points);
    this.curves = this.blankCurves();
  }

  static begin({ functions, steps }: ComparisonSpec): RunsState {
    return { finished: [], functions: 0, losses: new Float32Array((steps + 1) * functions) };
  }

  /** Optimizers' runs done, in chunks of functions. */
  get done(): number {
    const { now, functions } = this;
    return now.finished.length * functions.length + functions.chunksBefore(now.functions);
  }

  get total(): number {
    return this.methods.length * this.functions.length;
  }

  get isOver(): boolean {
    return this.now.finished.length === this.methods.length;
  }

  /** Takes a few steps on some functions, or computes a point of the curves. */
  async advance(): Promise<void> {
    const { engine, functions, now, steps } = this;
    if (now.functions === functions.count) return this.summarise();
    const batch = functions.from(now.functions);
    this.running ??= this.methods[now.finished.length]!.optimise(engine, batch, steps);
    const { done, value: losses } = await this.running.next();
    if (!done) return;
    this.running = null;
    for (let t = 0; t <= steps; t++) {
      const row = losses.subarray(t * batch.count, (t + 1) * batch.count);
      now.losses.set(row, t * functions.count + now.functions);
    }
    now.functions += batch.count;
  }

  dispose(): void {
    void this.running?.return(new Float32Array());
  }

  private summarise(): void {
    const { now, functions, steps, curves } = this;
    const { points } = this;
    const place = this.summarised++;
    const [t, since] = [points[place]!, points[place - 1] ?? -1];
    const sorted = now.losses.slice(t * functions.count, (t + 1) * functions.count).sort();
    curves[place] = mean(sorted);
    for (const [i, p] of probabilities.entries()) curves[(i + 1) * points.length + place] = sortedQuantile(sorted, p);
    for (let i = 0; i < this.keptFunctions; i++) {
      let sum = 0;
      for (let u = since + 1; u <= t; u++) sum += now.losses[u * functions.count + i]!;
      curves[(1 + probabilities.length + i) * points.length + place] = sum / (t - since);
    }
    if (t < steps) return;
    const measured = measureRuns(now.losses, steps);
    const diverged = measured.final.reduce(
      (n, final, i) => n + (final <= now.losses[i]! && final > -Infinity ? 0 : 1),
      0,
    );
    now.finished.push({ measured, curves, diverged });
    now.functions = 0;
    this.curves = this.blankCurves();
    this.summarised = 0;
  }

  private get keptFunctions(): number {
    return this.kept?.functions ? this.functions.count : 0;
  }

  private blankCurves(): Float64Array {
    return new Float64Array((1 + probabilities.length + this.keptFunctions) * this.points.length);
  }
}
