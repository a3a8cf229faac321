import type { WriteStream } from 'node:tty';
import { Presets, SingleBar } from 'cli-progress';
import type { JobEvent, RunEvent } from '../../contract/events.js';
import { standingOf } from '../../contract/progress.js';
import { fromWire, type WireNumber } from '../../contract/schema.js';
import type { JobSpec } from '../../contract/spec.js';
import { printable, printableLines } from '../../contract/text.js';
import { formatCount, formatDuration, formatLoss } from '../../figures/numbers.js';

/** What a progress display reads of an event, be it the core's own or a subscriber's. */
export type Shown = RunEvent | JobEvent;

const phaseTitles = {
  training: 'Training',
  tuning: 'Tuning',
  comparison: 'Comparing',
  statistics: 'Statistics',
} as const;
type PhaseName = keyof typeof phaseTitles;

/** Milliseconds between two lines where there is no terminal. */
const lineInterval = 10_000;

/** Weight of the past in the loss shown. */
const smoothing = 0.95;

/**
 * Shows how a run goes: a bar with rate, time left and the falling loss on a terminal, else a line now and then.
 */
export class ProgressDisplay {
  private bar: SingleBar | null = null;
  private phase: PhaseName | null = null;
  private iterations = 0;
  private done = 0;
  private total = 0;
  private loss = Number.NaN;
  /** Steps that the loss is the sum of. */
  private lossSteps = 0;
  /** The loss of the latest, and over which steps it was measured. */
  private validation: string | null = null;
  /** Functions of a validation under way, such as "3/256". */
  private validating: string | null = null;
  private verdict: string | null = null;
  /** Causes that the latest health event named. */
  private causes = 0;
  private phaseBegan = { time: 0, done: 0 };
  private lineAt = 0;
  private interrupted = false;

  constructor(
    private readonly out: NodeJS.WritableStream = process.stderr,
    private readonly now: () => number = Date.now,
  ) {}

  /** Tells what the run is to do, which a resumed one does not say again. */
  expect(spec: JobSpec): void {
    this.iterations = standingOf(spec).iterations;
  }

  show(event: Shown): void {
    if (this.interrupted) return;
    switch (event.type) {
      case 'started':
        this.iterations = event.iterations;
        this.note(
          `${formatCount(event.weights)} weights, ${formatCount(event.coordinates)} coordinates a function, on ${event.engine.engine}/${event.engine.backend}`,
        );
        break;
      case 'losses': {
        const { iteration, perIteration, points } = event;
        this.smooth(points, perIteration);
        this.advance('training', iteration + Math.floor(points.length / perIteration), this.iterations);
        break;
      }
      case 'validation':
        this.validation = `validation ${formatLoss(event.loss as WireNumber)}${overSteps(event)}`;
        this.validating = null;
        break;
      case 'health': {
        // Said again only when it changes: there may be a thousand validations.
        const { verdict, causes = [] } = event;
        if (verdict === this.verdict && causes.length === this.causes) break;
        this.verdict = verdict;
        this.causes = causes.length;
        if (this.bar) this.end();
        this.note(event.message);
        break;
      }
      case 'progress':
        if (event.phase === 'validation') {
          this.validating = `${formatCount(event.done)}/${formatCount(event.total)}`;
          this.advance('training', this.done, this.iterations);
        } else this.advance(event.phase, event.done, event.total);
        break;
      case 'diverged':
        this.end();
        this.note(event.message);
        break;
      case 'state':
        if (event.reason) {
          this.end();
          this.note(`${event.state}: ${event.reason.message}`);
        }
        break;
      case 'truncated':
        this.note(event.message);
        break;
      case 'comparison':
      case 'done':
        this.complete();
        break;
    }
  }

  /** Says what becomes of the run, which shows nothing more. */
  interrupt(message: string): void {
    this.end();
    this.note(message);
    this.interrupted = true;
  }

  /** Leaves what stands on the screen, and the cursor on a fresh line. */
  end(): void {
    if (this.bar) {
      this.bar.stop();
      this.bar = null;
    } else if (this.phase) this.line();
    this.phase = null;
  }

  /** A phase that has been followed by another is done, whatever its last event counted. */
  private complete(): void {
    this.done = this.total;
    this.bar?.update(this.done, { detail: this.detail() });
    this.end();
  }

  private advance(phase: PhaseName, done: number, total: number): void {
    if (phase !== this.phase) {
      this.complete();
      this.phase = phase;
      this.phaseBegan = { time: this.now(), done };
      this.lineAt = this.now();
      if (this.isTerminal) this.bar = this.openBar(phase, done, total);
    }
    this.done = done;
    this.total = total;
    if (this.bar) {
      this.bar.setTotal(total);
      this.bar.update(done, { detail: this.detail() });
    } else if (this.now() - this.lineAt >= lineInterval) {
      this.lineAt = this.now();
      this.line();
    }
  }

  private get isTerminal(): boolean {
    return (this.out as Partial<WriteStream>).isTTY === true && process.env.TERM !== 'dumb';
  }

  private openBar(phase: PhaseName, done: number, total: number): SingleBar {
    const title = phaseTitles[phase].padEnd(phaseTitles.statistics.length);
    const bar = new SingleBar(
      {
        stream: this.out,
        format: `${title} {bar} {percentage} %  {detail}`,
        barsize: 24,
        fps: 10,
        // A terminal whose state is never changed needs no restoring, however the process ends.
        hideCursor: false,
        linewrap: true,
        gracefulExit: false,
        autopadding: true,
      },
      Presets.shades_classic,
    );
    bar.start(total, done, { detail: '' });
    return bar;
  }

  private detail(): string {
    const { done, total, phase } = this;
    const seconds = (this.now() - this.phaseBegan.time) / 1000;
    const rate = seconds > 0.5 ? (done - this.phaseBegan.done) / seconds : Number.NaN;
    const parts = [`${formatCount(done)}/${formatCount(total)}`];
    if (rate > 0) parts.push(`${rate >= 10 ? rate.toFixed(0) : rate.toFixed(1)}/s`);
    if (rate > 0 && done < total) parts.push(`${formatDuration((total - done) / rate)} left`);
    if (phase === 'training') {
      parts.push(`loss ${formatLoss(this.loss as WireNumber)} in ${counted(this.lossSteps)}`);
      if (this.validating !== null) parts.push(`validating ${this.validating}`);
      else if (this.validation !== null) parts.push(this.validation);
      if (this.verdict !== null) parts.push(this.verdict);
    }
    return printable(parts.join(' · '));
  }

  private line(): void {
    if (this.phase) this.out.write(`${phaseTitles[this.phase]}: ${this.detail()}\n`);
  }

  private note(text: string): void {
    this.out.write(`${printableLines(text)}\n`);
  }

  /** Follows Σ f(θ_t) of the meta-iterations: with few functions in each, single ones would only flicker. */
  private smooth(points: ArrayLike<WireNumber>, perIteration: number): void {
    // Sums over other numbers of steps do not compare.
    if (perIteration !== this.lossSteps) this.loss = Number.NaN;
    this.lossSteps = perIteration;
    for (let first = 0; first + perIteration <= points.length; first += perIteration) {
      let sum = 0;
      for (let i = first; i < first + perIteration; i++) sum += fromWire(points[i]!);
      this.loss = Number.isNaN(this.loss) ? sum : smoothing * this.loss + (1 - smoothing) * sum;
    }
  }
}

/** Which steps a validation's loss is of. */
function overSteps({ measure, steps }: Extract<Shown, { type: 'validation' }>): string {
  if (measure === undefined || steps === undefined) return '';
  return ` ${{ sum: 'in', tail: 'at the end of', final: 'after' }[measure]} ${counted(steps)}`;
}

function counted(steps: number): string {
  return `${formatCount(steps)} ${steps === 1 ? 'step' : 'steps'}`;
}
