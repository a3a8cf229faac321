import type { JobEvent, JobEventOf, Phase } from '../../../contract/events.js';
import { Pace } from '../../../contract/pace.js';
import { fold, type Standing, standingOf } from '../../../contract/progress.js';
import { toWire } from '../../../contract/schema.js';
import type { JobSpec } from '../../../contract/spec.js';
import { arithmeticOf } from '../../../figures/engine.js';
import { formatCount, formatLoss } from '../../../figures/numbers.js';
import { replaceFrom, type Validation, validationOf } from '../../charts/validations.js';

export interface LogEntry {
  readonly key: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly text: string;
  readonly isAlarm: boolean;
}

/** Done and total of a phase, and how fast it advances. */
export interface PhaseProgress {
  readonly done: number;
  readonly total: number;
  readonly pace: Pace;
}

/** What a job's events without its losses say, folded as they arrive. */
export class JobHistory {
  standing: Standing;
  readonly validations: Validation[] = [];
  readonly health: JobEventOf<'health'>[] = [];
  /** In the order in which they began. */
  readonly phases = new Map<Phase, PhaseProgress>();
  readonly log: LogEntry[] = [];

  constructor(private readonly spec: JobSpec) {
    this.standing = standingOf(spec);
  }

  add(event: JobEvent): void {
    this.standing = fold(this.standing, event);
    const text = this.entry(event);
    const { attempt, seq, time } = event;
    if (text !== null) {
      const isAlarm = event.type === 'diverged' || (event.type === 'state' && event.reason !== null);
      this.log.push({ key: `${attempt}.${seq}`, time, text, isAlarm });
    }
    if (event.type === 'validation') replaceFrom(this.validations, validationOf(event, this.spec));
    if (event.type === 'health') replaceFrom(this.health, event);
    if (event.type === 'progress') this.advance(event.phase, event.done, event.total, time);
    if (event.type === 'started' && event.iterations > 0) this.advance('training', 0, event.iterations, time);
  }

  /** @param time milliseconds, of the events' clock */
  advance(phase: Phase, done: number, total: number, time: number): void {
    const pace = this.phases.get(phase)?.pace ?? new Pace();
    pace.add(done, time);
    this.phases.set(phase, { done, total, pace });
  }

  /** A line of the list of events; null for what other parts of the page show. */
  private entry(event: JobEvent): string | null {
    switch (event.type) {
      case 'started': {
        const { engine, backend, threads } = event.engine;
        const on = threads === 1 ? 'one thread' : `${threads} threads`;
        return `Attempt ${event.attempt} began on ${engine} ${backend}, ${arithmeticOf(event.engine)}, ${on}`;
      }
      case 'truncated':
        return 'Earlier events are no longer kept; their losses are.';
      case 'state':
        // A divergence has an event of its own.
        return event.reason && event.reason.code !== 'diverged'
          ? `${sentence(event.state)}: ${event.reason.message}`
          : sentence(event.state);
      case 'validation':
        return event.best
          ? `Best validation so far after ${meta(event.iteration)}: ${formatLoss(toWire(validationOf(event, this.spec).loss))} per step`
          : null;
      case 'health':
        return event.verdict === this.health.at(-1)?.verdict ? null : sentence(event.verdict);
      case 'progress':
        return event.phase === 'validation' || this.phases.has(event.phase) ? null : `${sentence(event.phase)} began`;
      case 'diverged':
        return event.message;
      case 'done': {
        const { iterations, bestIteration } = event;
        if (iterations === 0) return null;
        const kept = bestIteration === null ? '' : `; the weights kept are those after ${formatCount(bestIteration)}`;
        return `Done after ${meta(iterations)}${kept}`;
      }
      default:
        return null;
    }
  }
}

function sentence(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function meta(iterations: number): string {
  return `${formatCount(iterations)} meta-iteration${iterations === 1 ? '' : 's'}`;
}
