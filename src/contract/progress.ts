import type { Static } from 'typebox';
import { type EngineInfo, type JobEvent, type JobFailure, Phase, type RunEvent, type RunEventOf } from './events.js';
import { fromWire, Nullable, Strict, toWire, WireNumber } from './schema.js';
import type { JobSpec } from './spec.js';
import { Type } from './type.js';

export const Progress = Strict({
  phase: Phase,
  done: Type.Integer(),
  total: Type.Integer(),
  loss: Nullable(WireNumber),
});
export type Progress = Static<typeof Progress>;

/** The latest validation; events of earlier versions lack its measure and steps. */
type Validation = Pick<RunEventOf<'validation'>, 'iteration' | 'loss' | 'best' | 'measure' | 'steps'>;

type Health = Pick<RunEventOf<'health'>, 'verdict' | 'message' | 'causes'>;

/** The state of a run according to its events so far: for the job's record, the terminal and web pages. */
export interface Standing {
  /** Total meta-iterations; 0 for a comparison. */
  readonly iterations: number;
  readonly engine: EngineInfo | null;
  /** SHA-256 of the weights that a comparison evaluates. */
  readonly weightsSha256: string | null;
  /** The phase and its progress; `loss` is the mean of the latest points: of a meta-iteration, or of a bucket. */
  readonly progress: Progress | null;
  /** One past the last meta-iteration whose losses are known. */
  readonly lossEnd: number | null;
  readonly validation: Validation | null;
  readonly health: Health | null;
  /** Meta-iterations after which the weights were the ones kept; set once the run is done. */
  readonly bestIteration: number | null;
  readonly failure: Pick<JobFailure, 'code' | 'message'> | null;
}

/** The standing before the first event, of a resumed run too. Without a spec, the total comes with `started`. */
export function standingOf(spec?: JobSpec): Standing {
  return {
    iterations: spec?.kind === 'metatrain' ? spec.training.iterations : 0,
    engine: null,
    weightsSha256: null,
    progress: null,
    lossEnd: null,
    validation: null,
    health: null,
    bestIteration: null,
    failure: null,
  };
}

/** The standing after one more event, from the core or as received by a subscriber. */
export function fold(standing: Standing, event: RunEvent | JobEvent): Standing {
  switch (event.type) {
    case 'started': {
      const { engine, iterations, weightsSha256 = null } = event;
      const begun: Progress | null =
        iterations > 0 ? { phase: 'training', done: 0, total: iterations, loss: null } : standing.progress;
      return { ...standing, engine, weightsSha256, iterations, progress: begun };
    }
    case 'losses': {
      const { iteration, perIteration, points } = event;
      if (points.length === 0) return standing;
      const first = Math.floor((points.length - 1) / perIteration);
      const lossEnd = iteration + first + 1;
      const loss = toWire(meanFrom(points, first * perIteration));
      return { ...standing, lossEnd, progress: { phase: 'training', done: lossEnd, total: standing.iterations, loss } };
    }
    case 'loss-buckets': {
      const { to, mean, cursor } = event;
      const loss = mean.at(-1)!;
      // With a cursor of its own, it comes after later events, which may know of a later phase.
      const known = cursor === undefined ? null : standing.progress;
      const progress: Progress =
        known && isAfterTraining(known)
          ? { ...known, loss }
          : { phase: 'training', done: to, total: standing.iterations, loss };
      return { ...standing, lossEnd: to, progress };
    }
    case 'validation': {
      const { iteration, loss, best, measure, steps } = event;
      const measured = measure !== undefined && steps !== undefined ? { measure, steps } : {};
      const { progress } = standing;
      const over = progress?.phase === 'validation' ? { ...progress, done: progress.total } : progress;
      return { ...standing, progress: over, validation: { iteration, loss: fromWire(loss), best, ...measured } };
    }
    case 'health':
      return { ...standing, health: event };
    case 'progress': {
      const { phase, done, total } = event;
      return { ...standing, progress: { phase, done, total, loss: standing.progress?.loss ?? null } };
    }
    case 'diverged':
      return { ...standing, failure: { code: 'diverged', message: event.message } };
    case 'done':
      return { ...standing, bestIteration: event.bestIteration };
    default:
      return standing;
  }
}

/** Whether the phase follows the losses known so far: a validation that is over is followed by more of them. */
function isAfterTraining({ phase, done, total }: Progress): boolean {
  return phase === 'validation' ? done < total : phase !== 'training';
}

function meanFrom(points: ArrayLike<WireNumber>, start: number): number {
  let sum = 0;
  for (let i = start; i < points.length; i++) sum += fromWire(points[i]!);
  return sum / (points.length - start);
}
