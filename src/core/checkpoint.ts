import { measures } from '../contract/comparison.js';
import type { EngineInfo } from '../contract/events.js';
import { fromWire, toWire } from '../contract/schema.js';
import type { JobSpec } from '../contract/spec.js';
import { UserError } from '../contract/user-error.js';
import { decodeSafetensors, encodeSafetensors } from '../weights/safetensors.js';
import type { NamedTensor } from '../weights/tensors.js';
import type { ComparisonState } from './compare/comparison.js';
import type { TriedRate } from './compare/grid.js';
import type { Trial } from './compare/trial.js';
import type { TrainingState, ValidationState } from './metatrain/state.js';
import { eachMeasure, type Measured } from './optimise/measures.js';

/** What the next pull of a run does; `concluding` only reports that the run is done. */
export type RunStage = 'start' | 'training' | 'comparison' | 'concluding' | 'ended';

/** The whole state of a run between two pulls. */
export interface Checkpoint {
  phase: RunStage;
  training: TrainingState | undefined;
  comparison: ComparisonState | undefined;
}

/** What determines a run's bits besides its document. */
export interface Origin {
  engine: EngineInfo;
  /** Fingerprints of its data sets, by name. */
  data: Record<string, string>;
  /** Digest of the weights that are compared; checkpoints of 0.1.0 lack it. */
  weightsSha256?: string | undefined;
}

const format = 'metadescent-checkpoint/2';

/** The part of a checkpoint that is not vectors. JSON keeps doubles exactly; non-finite numbers become strings. */
interface Scalars {
  phase: RunStage;
  training:
    | (Pick<TrainingState, 'iteration' | 'bestLoss' | 'bestIteration' | 'validatedAt' | 'history' | 'gradients'> & {
        /** Steps that Adam has taken. */
        steps: number;
        validation: Omit<ValidationState, 'means'> | null;
      })
    | null;
  /** Steps taken on the current functions. */
  step: number | null;
  comparison: {
    /** Scores of standing still; missing in checkpoints of earlier versions. */
    still?: Measured<number> | null;
    tried: TriedRate[][];
    trial: Trial | null;
    /** Functions that diverged, per finished optimizer. */
    diverged: number[];
    /** Finished optimizers; `functions` counts those that the next one has done. */
    finished: number;
    functions: number;
  } | null;
}

/** A checkpoint is a safetensors file: vectors as tensors, the rest in its metadata. */
export function encodeCheckpoint(
  spec: JobSpec,
  { engine, data, weightsSha256 }: Origin,
  state: Checkpoint,
): Uint8Array {
  const { phase, training, comparison } = state;
  const tensors: NamedTensor[] = [];
  const put = (name: string, data: Float32Array): void => {
    tensors.push({ name, shape: [data.length], data });
  };
  if (training) {
    put('phi', training.phi);
    put('best', training.best);
    for (const [i, vector] of training.adam.vectors.entries()) put(`adam.${i}`, vector);
    if (training.episode) {
      put('theta', training.episode.theta);
      put('hidden', training.episode.hidden);
    }
    if (training.initial) put('initial', training.initial);
    if (training.validation) put('validation', asFloats(training.validation.means));
  }
  if (comparison) {
    put('losses', comparison.runs.losses);
    for (const [i, { measured, curves }] of comparison.runs.finished.entries()) {
      for (const measure of measures) put(`${measure}.${i}`, asFloats(measured[measure]));
      put(`curves.${i}`, asFloats(curves));
    }
  }
  const scalars: Scalars = {
    phase,
    training: training
      ? {
          iteration: training.iteration,
          bestLoss: training.bestLoss,
          bestIteration: training.bestIteration,
          validatedAt: training.validatedAt,
          history: training.history,
          gradients: training.gradients,
          validation: training.validation && {
            functions: training.validation.functions,
            diverged: training.validation.diverged,
          },
          steps: training.adam.steps,
        }
      : null,
    step: training?.episode?.step ?? null,
    comparison: comparison
      ? {
          ...comparison.tuning,
          diverged: comparison.runs.finished.map(({ diverged }) => diverged),
          finished: comparison.runs.finished.length,
          functions: comparison.runs.functions,
        }
      : null,
  };
  return encodeSafetensors(tensors, {
    format,
    spec: JSON.stringify(spec),
    engine: JSON.stringify(bitsOf(engine)),
    data: JSON.stringify(data),
    ...(weightsSha256 !== undefined && { weights: JSON.stringify(weightsSha256) }),
    scalars: JSON.stringify(scalars, (_, value) => (typeof value === 'number' ? toWire(value) : value)),
  });
}

/**
 * @throws UserError if it belongs to another job, or to an engine or data with different bits; Error if the bytes are
 *   not a checkpoint.
 */
export function decodeCheckpoint(
  bytes: Uint8Array,
  spec: JobSpec,
  { engine, data, weightsSha256 }: Origin,
): Checkpoint {
  const { tensors, metadata } = decodeSafetensors(bytes);
  if (metadata.format !== format) throw new Error(`Not a checkpoint file: its format is not ${format}.`);
  mustMatch('job', metadata.spec, spec);
  mustMatch('engine', metadata.engine, bitsOf(engine));
  mustMatch('data set', metadata.data, data);
  if (metadata.weights !== undefined) mustMatch('weights file', metadata.weights, weightsSha256);
  const { phase, training, step, comparison } = parseScalars(metadata.scalars);
  // The decoder may return views of the file's bytes; the run writes into its vectors, so they are copied.
  const vectors = new Map(tensors.map(({ name, data }) => [name, data.slice()]));
  const take = (name: string): Float32Array => {
    const vector = vectors.get(name);
    if (!vector) throw new Error(`The checkpoint lacks the vector ${name}: it is damaged.`);
    return vector;
  };
  const several = (prefix: string) => [...vectors.keys()].filter((name) => name.startsWith(prefix)).map(take);
  return {
    phase,
    training: training
      ? {
          iteration: training.iteration,
          phi: take('phi'),
          adam: { vectors: several('adam.'), steps: training.steps },
          best: take('best'),
          bestLoss: training.bestLoss,
          bestIteration: training.bestIteration,
          validatedAt: training.validatedAt,
          history: training.history,
          gradients: training.gradients,
          validation: training.validation && { ...training.validation, means: asDoubles(take('validation')) },
          initial: vectors.get('initial') ?? null,
          episode: step === null ? null : { theta: take('theta'), hidden: take('hidden'), step },
        }
      : undefined,
    // Checkpoints of earlier versions lack the scores by which rates are judged: the comparison starts again.
    comparison:
      comparison?.still === undefined
        ? undefined
        : {
            tuning: { still: comparison.still, tried: comparison.tried, trial: comparison.trial },
            runs: {
              finished: Array.from({ length: comparison.finished }, (_, i) => ({
                measured: eachMeasure((measure) => asDoubles(take(`${measure}.${i}`))),
                curves: asDoubles(take(`curves.${i}`)),
                diverged: comparison.diverged[i]!,
              })),
              functions: comparison.functions,
              losses: take('losses'),
            },
          },
  };
}

function parseScalars(text = 'null'): Scalars {
  return JSON.parse(text, (_, value) => (nonFinite.has(value) ? fromWire(value) : value));
}

/** What {@link toWire} writes for non-finite numbers. */
const nonFinite: ReadonlySet<unknown> = new Set([Number.NaN, Infinity, -Infinity].map(toWire));

/** Tensors hold floats: each double is stored as two floats with its bytes. */
function asFloats(doubles: Float64Array): Float32Array {
  return new Float32Array(doubles.buffer, doubles.byteOffset, 2 * doubles.length);
}

function asDoubles(floats: Float32Array): Float64Array {
  return new Float64Array(floats.buffer, floats.byteOffset, floats.length / 2);
}

/** What a checkpoint must match, and what to do otherwise. */
const remedies = {
  job: 'the spec that it names',
  engine: 'that engine and version, and that instruction set (METADESCENT_ISA)',
  'data set': 'the data that it names',
  'weights file': 'the weights that it names by their SHA-256',
};

function mustMatch(what: keyof typeof remedies, found: string | undefined, wanted: unknown): void {
  const text = JSON.stringify(wanted);
  if (found === text) return;
  throw new UserError(
    `The checkpoint belongs to a different ${what}: expected ${text}, found ${found}. Resume with ${remedies[what]}, or start over ("metadescent train --overwrite").`,
    'usage',
  );
}

/** The parts of an engine's description that determine its bits. */
function bitsOf({ engine, backend, version, instructionSet, gradient }: EngineInfo) {
  return { engine, backend, version, instructionSet, gradient };
}
