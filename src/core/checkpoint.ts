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

/** What the next pull of a run is to do; `concluding`: all that is left is to say that it is done. */
export type RunStage = 'start' | 'training' | 'comparison' | 'concluding' | 'ended';

/** The whole state of a run between two pulls. */
export interface Checkpoint {
  phase: RunStage;
  training: TrainingState | undefined;
  comparison: ComparisonState | undefined;
}

/** What a run's numbers depend on besides its document, to the bit. */
export interface Origin {
  engine: EngineInfo;
  /** Fingerprints of its data sets, by name. */
  data: Record<string, string>;
  /** Digest of the weights that are compared; checkpoints of 0.1.0 lack it. */
  weightsSha256?: string | undefined;
}

const format = 'metadescent-checkpoint/2';

/** The part of a checkpoint that is not vectors. Doubles survive JSON; what it lacks travels as a string. */
interface Scalars {
  phase: RunStage;
  training:
    | (Pick<TrainingState, 'iteration' | 'bestLoss' | 'bestIteration' | 'validatedAt' | 'history' | 'gradients'> & {
        /** Adam's. */
        steps: number;
        validation: Omit<ValidationState, 'means'> | null;
      })
    | null;
  /** Steps that the functions at hand have taken. */
  step: number | null;
  comparison: {
    /** Earlier versions did not measure standing still. */
    still?: Measured<number> | null;
    tried: TriedRate[][];
    trial: Trial | null;
    /** Of the optimizers that have done all their functions. */
    diverged: number[];
    /** Optimizers that have done all their functions, and functions that the next one has done. */
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
 * @throws UserError where it is of another job, or of an engine or data whose bits would differ; Error where the bytes
 *   are no checkpoint.
 */
export function decodeCheckpoint(
  bytes: Uint8Array,
  spec: JobSpec,
  { engine, data, weightsSha256 }: Origin,
): Checkpoint {
  const { tensors, metadata } = decodeSafetensors(bytes);
  if (metadata.format !== format) throw new Error(`The file is no checkpoint: its format is not ${format}.`);
  mustMatch('job', metadata.spec, spec);
  mustMatch('engine', metadata.engine, bitsOf(engine));
  mustMatch('data set', metadata.data, data);
  if (metadata.weights !== undefined) mustMatch('file of weights', metadata.weights, weightsSha256);
  const { phase, training, step, comparison } = parseScalars(metadata.scalars);
  // The decoder may give views of the file's bytes; the run writes into its vectors, so each gets its own.
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
    // What an earlier version tried lacks what rates are judged by now: such a comparison begins again.
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

/** What {@link toWire} writes of a number that is not finite. */
const nonFinite: ReadonlySet<unknown> = new Set([Number.NaN, Infinity, -Infinity].map(toWire));

/** A tensor is of floats: a double travels as the two that its bytes make. */
function asFloats(doubles: Float64Array): Float32Array {
  return new Float32Array(doubles.buffer, doubles.byteOffset, 2 * doubles.length);
}

function asDoubles(floats: Float32Array): Float64Array {
  return new Float64Array(floats.buffer, floats.byteOffset, floats.length / 2);
}

/** What a run's checkpoint must agree with, and how to make it so. */
const remedies = {
  job: 'the spec that it names',
  engine: 'that engine and version, and that instruction set (METADESCENT_ISA)',
  'data set': 'the data that it names',
  'file of weights': 'the weights that it names by their SHA-256',
};

function mustMatch(what: keyof typeof remedies, found: string | undefined, wanted: unknown): void {
  const text = JSON.stringify(wanted);
  if (found === text) return;
  throw new UserError(
    `The checkpoint is of another ${what}: it names ${found}, and here is ${text}. Resume with ${remedies[what]}, or start over ("metadescent train --overwrite").`,
    'usage',
  );
}

/** What of an engine its results depend on, to the bit. */
function bitsOf({ engine, backend, version, instructionSet, gradient }: EngineInfo) {
  return { engine, backend, version, instructionSet, gradient };
}
