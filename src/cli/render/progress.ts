import type { WriteStream } from 'node:tty';
import { Presets, SingleBar } from 'cli-progress';
import type { JobEvent, RunEvent } from '../../contract/events.js';
import { fold, type Standing, standingOf } from '../../contract/progress.js';
import { fromWire, type WireNumber } from '../../contract/schema.js';
import type { JobSpec } from '../../contract/spec.js';
import { printable, printableLines } from '../../contract/text.js';
import { formatCount, formatDuration, formatLoss } from '../../figures/numbers.js';

/** An event of the core or of a subscription. */
export type Shown = RunEvent | JobEvent;

const phaseTitles = {
  training: 'Training',
  tuning: 'Tuning',
  comparison: 'Comparing',
  statistics: 'Statistics',
} as const;
type PhaseName = keyof typeof phaseTitles;

/** Milliseconds between lines when there is no terminal. */
const lineInterval = 10_000;

/** Weight of the past in the average loss shown. */
const smoothing = 0.95;

/**
 * Shows the progress of a run: on a terminal a bar with rate, time left and loss, elsewhere a line now and then.
 */
export class ProgressDisplay {
  private bar: SingleBar | null = null;
  /** The phase shown, and its progress when last shown. */
  private phase: PhaseName | null = null;
  private done = 0;
  private total = 0;
  private standing: Standing = standingOf();
  /** Moving average of Σ f(θ_t) over an unroll, and the number of its steps. */
  private loss = Number.NaN;
  private lossSteps = 0;
  private phaseBegan = { time: 0, done: 0 };
  private lineAt = 0;
  private interrupted = false;

  constructor(
    private readonly out: NodeJS.WritableStream = process.stderr,
    private readonly now: () => number = Date.now,
  ) {}

  /** Sets what the run has to do, which a resumed run does not report again. */
  expect(spec: JobSpec): void {
    this.standing = standingOf(spec);
  }

  show(event: Shown): void {
    if (this.interrupted) return;
    const before = this.standing;
    this.standing = fold(before, event);
    switch (event.type) {
      case 'started':
        this.note(
          `${formatCount(event.weights)} weights, ${formatCount(event.coordinates)} coordinates per function, on ${event.engine.engine}/${event.engine.backend}`,
        );
        break;
      case 'losses':
        this.smooth(event.points, event.perIteration);
        this.advance();
        break;
      case 'health':
        // Only a change is shown: there may be a thousand validations.
        if (isAsBefore(before.health, event)) break;
        if (this.bar) this.end();
        this.note(event.message);
        break;
      case 'progress':
        this.advance();
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

  /** Shows a last message; later events are ignored. */
  interrupt(message: string): void {
    this.end();
    this.note(message);
    this.interrupted = true;
  }

  /** Leaves the bar on the screen, and the cursor on a new line. */
  end(): void {
    if (this.bar) {
      this.bar.stop();
      this.bar = null;
    } else if (this.phase) this.line();
    this.phase = null;
  }

  /** A phase is done once another follows, whatever its last event counted. */
  private complete(): void {
    this.done = this.total;
    this.bar?.update(this.done, { detail: this.detail() });
    this.end();
  }

  private advance(): void {
    const { phase, done, total } = shownProgress(this.standing);
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
      const { progress, validation, health } = this.standing;
      if (progress?.phase === 'validation' && progress.done < progress.total)
        parts.push(`validating ${formatCount(progress.done)}/${formatCount(progress.total)}`);
      else if (validation)
        parts.push(`validation ${formatLoss(validation.loss as WireNumber)}${overSteps(validation)}`);
      if (health) parts.push(health.verdict);
    }
    return printable(parts.join(' · '));
  }

  private line(): void {
    if (this.phase) this.out.write(`${phaseTitles[this.phase]}: ${this.detail()}\n`);
  }

  private note(text: string): void {
    this.out.write(`${printableLines(text)}\n`);
  }

  /** Averages Σ f(θ_t) over meta-iterations: with few functions in each, single values would flicker. */
  private smooth(points: ArrayLike<WireNumber>, perIteration: number): void {
    // Sums over different numbers of steps cannot be compared.
    if (perIteration !== this.lossSteps) this.loss = Number.NaN;
    this.lossSteps = perIteration;
    for (let first = 0; first + perIteration <= points.length; first += perIteration) {
      let sum = 0;
      for (let i = first; i < first + perIteration; i++) sum += fromWire(points[i]!);
      this.loss = Number.isNaN(this.loss) ? sum : smoothing * this.loss + (1 - smoothing) * sum;
    }
  }
}

/** A validation counts as training. */
function shownProgress({ progress, lossEnd, iterations }: Standing): { phase: PhaseName; done: number; total: number } {
  if (progress === null || progress.phase === 'validation')
    return { phase: 'training', done: lossEnd ?? 0, total: iterations };
  const { phase, done, total } = progress;
  return { phase, done, total };
}

function isAsBefore(before: Standing['health'], { verdict, causes = [] }: NonNullable<Standing['health']>): boolean {
  return before !== null && before.verdict === verdict && (before.causes ?? []).length === causes.length;
}

/** The steps that a validation's loss covers. */
function overSteps({ measure, steps }: NonNullable<Standing['validation']>): string {
  if (measure === undefined || steps === undefined) return '';
  return ` ${{ sum: 'in', tail: 'at the end of', final: 'after' }[measure]} ${counted(steps)}`;
}

function counted(steps: number): string {
  return `${formatCount(steps)} ${steps === 1 ? 'step' : 'steps'}`;
}
