import { fromWire, toWire } from '../contract/schema.js';
import { FormatError, type SafetensorsFile } from '../weights/safetensors.js';
import type { ComparisonState } from './compare/comparison.js';
import type { TrainingState, ValidationState } from './metatrain/state.js';
import { eachMeasure } from './optimise/measures.js';
import type { RunStage, RunState } from './run-state.js';

/** Checkpoints of format 2, of version 0.1.0 and its successors: each vector is a tensor, the rest is JSON. */

interface Scalars {
  phase: RunStage;
  training:
    | (Pick<TrainingState, 'iteration' | 'bestLoss' | 'bestIteration' | 'validatedAt' | 'history' | 'gradients'> & {
        steps: number;
        validation: Omit<ValidationState, 'means'> | null;
      })
    | null;
  step: number | null;
  comparison:
    | (Partial<Pick<ComparisonState['tuning'], 'still'>> &
        Omit<ComparisonState['tuning'], 'still'> & { diverged: number[]; finished: number; functions: number })
    | null;
}

/** @throws FormatError if a vector is missing */
export function stateOfFormat2({ tensors, metadata }: SafetensorsFile): RunState {
  const scalars = metadata.scalars ?? 'null';
  const { phase, training, step, comparison }: Scalars = JSON.parse(scalars, (_, value) =>
    nonFinite.has(value) ? fromWire(value) : value,
  );
  // The decoder may return views of the file's bytes; the run writes into its vectors, so they are copied.
  const vectors = new Map(tensors.map(({ name, data }) => [name, data.slice()]));
  const take = (name: string): Float32Array => {
    const vector = vectors.get(name);
    if (!vector) throw new FormatError(`The checkpoint lacks the vector ${name}: it is damaged.`);
    return vector;
  };
  /** Tensors hold floats: two for each double. */
  const doubles = (name: string): Float64Array => {
    const { buffer, byteOffset, length } = take(name);
    return new Float64Array(buffer, byteOffset, length / 2);
  };
  const several = (prefix: string) => [...vectors.keys()].filter((name) => name.startsWith(prefix)).map(take);
  const restored = (): TrainingState => {
    const { steps, validation, ...numbers } = training!;
    return {
      ...numbers,
      phi: take('phi'),
      adam: { vectors: several('adam.'), steps },
      best: take('best'),
      validation: validation && { ...validation, means: doubles('validation') },
      estimator:
        step === null
          ? null
          : {
              initial: vectors.get('initial') ?? null,
              episode: { theta: take('theta'), hidden: take('hidden'), step },
            },
    };
  };
  return {
    phase,
    training: training && restored(),
    // The first of them lack the scores by which rates are judged: the comparison starts again.
    comparison:
      comparison?.still === undefined
        ? null
        : {
            tuning: { still: comparison.still, tried: comparison.tried, trial: comparison.trial },
            runs: {
              finished: comparison.diverged.map((diverged, i) => ({
                measured: eachMeasure((measure) => doubles(`${measure}.${i}`)),
                curves: doubles(`curves.${i}`),
                diverged,
              })),
              functions: comparison.functions,
              losses: take('losses'),
            },
          },
  };
}

/** What {@link toWire} writes for non-finite numbers. */
const nonFinite: ReadonlySet<unknown> = new Set([Number.NaN, Infinity, -Infinity].map(toWire));
