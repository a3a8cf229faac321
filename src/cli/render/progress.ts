import type { WriteStream } from 'node:tty';
import { stagesOf } from '../../contract/curriculum.js';
import type { JobEvent, RunEvent } from '../../contract/events.js';
import { Pace } from '../../contract/pace.js';
import { fold, type Standing, standingOf } from '../../contract/progress.js';
import type { WireNumber } from '../../contract/schema.js';
import type { JobSpec } from '../../contract/spec.js';
import { printable, printableLines } from '../../contract/text.js';
import { formatCount, formatDuration, formatLoss, formatRate } from '../../figures/numbers.js';
import { layOut } from './layout.js';
import { LiveRegion } from './live-region.js';
import { LossTrend } from './loss-trend.js';

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

/**
 * Shows the progress of a run: on a terminal a bar with rate and time left, the loss and its curve, redrawn in place;
 * elsewhere a line now and then.
 */
export class ProgressDisplay {
  private region: LiveRegion | null = null;
  /** The phase shown, and its progress when last shown. */
  private phase: PhaseName | null = null;
  private done = 0;
  private total = 0;
  private standing: Standing = standingOf();
  private spec: JobSpec | null = null;
  private trend = new LossTrend();
  private pace = new Pace();
  private lineAt = 0;
  /** Whether the last phase of an attempt was shown. */
  private isOver = false;
  private interrupted = false;

  constructor(
    private readonly out: NodeJS.WritableStream = process.stderr,
    private readonly now: () => number = Date.now,
  ) {}

  /** Sets what the next run has to do, which a resumed run does not report again. */
  expect(spec: JobSpec): void {
    this.spec = spec;
    this.standing = standingOf(spec);
    this.trend = new LossTrend();
    this.isOver = false;
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
        this.trend.add(event.iteration, event.perIteration, event.points);
        this.advance(event);
        break;
      case 'loss-buckets':
        this.trend.addBuckets(event, (iteration) => this.unrollAt(iteration));
        // They may come after later events.
        if (!this.isOver) this.advance(event);
        break;
      case 'health':
        // Only a change is shown: there may be a thousand validations.
        if (!isAsBefore(before.health, event)) this.note(event.message);
        break;
      case 'progress':
        this.advance(event);
        break;
      case 'diverged':
        this.end();
        this.isOver = true;
        this.note(event.message);
        break;
      case 'state':
        if (event.state === 'running') this.isOver = false;
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
        this.isOver = true;
        break;
    }
  }

  /** Shows a last message; later events are ignored. */
  interrupt(message: string): void {
    this.end();
    this.note(message);
    this.interrupted = true;
  }

  /** Leaves what is shown on the screen, and the cursor on a new line. */
  end(): void {
    if (this.region) {
      this.region.end();
      this.region = null;
    } else if (this.phase) this.line();
    this.phase = null;
  }

  /** A phase is done once another follows, whatever its last event counted. */
  private complete(): void {
    this.done = this.total;
    this.end();
  }

  private advance(event: Shown): void {
    const { phase, done, total } = shownProgress(this.standing);
    if (phase !== this.phase) {
      this.complete();
      this.phase = phase;
      this.pace = new Pace();
      this.lineAt = this.now();
      const out = terminalOf(this.out);
      if (out) this.region = new LiveRegion(out, (width) => this.lines(width));
    }
    this.done = done;
    this.total = total;
    // After a reconnection, old events arrive late: their own times count.
    this.pace.add(done, 'time' in event ? event.time : this.now());
    if (this.region) this.region.update();
    else if (this.now() - this.lineAt >= lineInterval) {
      this.lineAt = this.now();
      this.line();
    }
  }

  private lines(width: number): string[] {
    if (!this.phase) return [];
    const { done, total, phase } = this;
    const curve = (room: number) => (phase === 'training' ? this.trend.curve(room) : null);
    return layOut(
      { title: phaseTitles[phase], done, total, counts: this.counts(), figures: this.figures(), curve },
      width,
    );
  }

  private line(): void {
    if (this.phase)
      this.out.write(`${phaseTitles[this.phase]}: ${[...this.counts(), ...this.figures()].join(' · ')}\n`);
  }

  /** How far the phase is, how fast, and for how long it will go on. */
  private counts(): string[] {
    const { done, total } = this;
    const { rate } = this.pace;
    const parts = [`${formatCount(done)}/${formatCount(total)}`];
    if (rate !== null) parts.push(`${formatRate(rate)}/s`);
    if (rate !== null && done < total) parts.push(`${formatDuration((total - done) / rate)} left`);
    return parts.map(printable);
  }

  private figures(): string[] {
    if (this.phase !== 'training') return [];
    const { progress, validation, health } = this.standing;
    const parts = [`loss ${formatLoss(this.trend.average as WireNumber)} in ${counted(this.trend.steps)}`];
    if (progress?.phase === 'validation' && progress.done < progress.total)
      parts.push(`validating ${formatCount(progress.done)}/${formatCount(progress.total)}`);
    else if (validation) parts.push(`validation ${formatLoss(validation.loss as WireNumber)}${overSteps(validation)}`);
    if (health) parts.push(health.verdict);
    return parts.map(printable);
  }

  private note(text: string): void {
    const shown = printableLines(text);
    if (this.region) this.region.note(shown);
    else this.out.write(`${shown}\n`);
  }

  /** Steps of the unroll of a meta-iteration. */
  private unrollAt(iteration: number): number {
    if (this.spec?.kind !== 'metatrain') return 1;
    return stagesOf(this.spec.training).findLast(({ from }) => from <= iteration)?.unroll ?? 1;
  }
}

/** The stream, if lines on it can be redrawn. */
function terminalOf(out: NodeJS.WritableStream): WriteStream | null {
  return (out as Partial<WriteStream>).isTTY === true && process.env.TERM !== 'dumb' ? (out as WriteStream) : null;
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
