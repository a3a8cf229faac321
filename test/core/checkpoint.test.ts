import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EngineInfo } from '../../src/contract/events.js';
import { toWire } from '../../src/contract/schema.js';
import { parseJobSpec } from '../../src/contract/validate.js';
import { decodeCheckpoint, encodeCheckpoint } from '../../src/core/checkpoint.js';
import type { RunState } from '../../src/core/run-state.js';
import { decodeSafetensors, encodeSafetensors } from '../../src/weights/safetensors.js';

const engine: EngineInfo = { engine: 'tfjs', backend: 'wasm', version: '1', instructionSet: 'portable', threads: 1 };
const origin = { engine, data: { digits: 'fingerprint' } };
const spec = parseJobSpec({ kind: 'metatrain', problem: { name: 'simple' }, optimizer: { name: 'lstm' } });
const vector = (...values: number[]) => Float32Array.of(...values);
const doubles = (...values: number[]) => Float64Array.of(...values);
const { POSITIVE_INFINITY: infinity } = Number;

const initial = vector(10, 11);
const episode = { theta: vector(9), hidden: vector(), step: 3 };

/** A complete state, with more than ten optimizers, whose vectors must not be sorted by name. */
const state: RunState = {
  phase: 'comparison',
  training: {
    iteration: 12,
    phi: vector(1, 2),
    adam: { vectors: [vector(3, 4), vector(5, 6)], steps: 12 },
    best: vector(7, 8),
    bestLoss: 0.1 + 0.2,
    bestIteration: 10,
    validatedAt: 12,
    history: { first: Number.NaN, latest: 0.25, bests: [infinity, 0.25] },
    validation: { functions: 3, diverged: 1, means: doubles(1 / 3, infinity) },
    gradients: { iterations: 2, clipped: 1, norms: [1 / 3, 1e-300] },
    estimator: { initial, episode },
  },
  comparison: {
    tuning: {
      still: { sum: 1 / 9, final: 2 / 9, tail: 1e-200 },
      tried: [
        [{ exponent: -1, scores: { sum: infinity, final: infinity, tail: infinity }, rise: infinity, fall: 0 }],
        [{ exponent: 2, scores: { sum: 1 / 3, final: 2 / 3, tail: 1e-300 }, rise: 0.1, fall: 1 / 7 }],
        [],
      ],
      trial: {
        functions: 5,
        totals: { sum: 0.1, final: Number.NaN, tail: -infinity },
        rise: infinity,
        falls: 1 / 7,
      },
    },
    runs: {
      finished: Array.from({ length: 13 }, (_, i) => ({
        measured: { sum: doubles(i, 1 / 3), final: doubles(Number.NaN, i), tail: doubles(-infinity, Math.PI) },
        curves: doubles(i / 7),
        diverged: i,
      })),
      functions: 3,
      losses: vector(1, Number.NaN, -infinity),
    },
  },
};
const bytes = encodeCheckpoint(spec, origin, state);

describe('a checkpoint', () => {
  it('gives back the whole state, doubles and non-finite numbers included', () => {
    assert.deepEqual(decodeCheckpoint(bytes, spec, origin), state);
  });

  it('gives back a state before any validation, and one of only a comparison', () => {
    const fresh = { ...state.training!, bestLoss: infinity, bestIteration: -1, estimator: null };
    for (const part of [
      { phase: 'training', training: fresh, comparison: null },
      { phase: 'start', training: null, comparison: null },
    ] as const)
      assert.deepEqual(decodeCheckpoint(encodeCheckpoint(spec, origin, part), spec, origin), part);
  });

  it('of format 2 gives back the training; its comparison begins again if it was judged by other rules', () => {
    const { training, comparison, phase } = state;
    const { tuning, runs } = comparison!;
    const { phi, best, adam, estimator: _estimator, validation, ...numbers } = training!;
    const { means, ...counts } = validation!;
    const raw = (values: Float64Array) => new Float32Array(values.buffer, values.byteOffset, 2 * values.length);
    const vectors: Record<string, Float32Array> = {
      phi,
      best,
      'adam.0': adam.vectors[0]!,
      'adam.1': adam.vectors[1]!,
      theta: episode.theta,
      hidden: episode.hidden,
      initial,
      validation: raw(means),
      losses: runs.losses,
      ...Object.fromEntries(
        runs.finished.flatMap(({ measured, curves }, i) => [
          ...Object.entries(measured).map(([measure, values]) => [`${measure}.${i}`, raw(values)]),
          [`curves.${i}`, raw(curves)],
        ]),
      ),
    };
    const tensors = Object.entries(vectors).map(([name, data]) => ({ name, shape: [data.length], data }));
    const earlier = (comparison: object) => {
      const scalars = {
        phase,
        training: { ...numbers, validation: counts, steps: adam.steps },
        step: episode.step,
        comparison,
      };
      return encodeSafetensors(tensors, {
        ...decodeSafetensors(bytes).metadata,
        format: 'metadescent-checkpoint/2',
        scalars: JSON.stringify(scalars, (_, value) => (typeof value === 'number' ? toWire(value) : value)),
      });
    };
    const { still, ...others } = {
      ...tuning,
      diverged: runs.finished.map(({ diverged }) => diverged),
      finished: runs.finished.length,
      functions: runs.functions,
    };
    assert.deepEqual(decodeCheckpoint(earlier({ still, ...others }), spec, origin), state);
    assert.deepEqual(decodeCheckpoint(earlier(others), spec, origin), { ...state, comparison: null });
  });

  it('shares no memory with the file: a resumed run writes into its own vectors', () => {
    const before = bytes.slice();
    const { training, comparison } = decodeCheckpoint(bytes, spec, origin);
    training!.phi.fill(0);
    comparison!.runs.losses.fill(0);
    comparison!.runs.finished[0]!.measured.sum.fill(0);
    assert.deepEqual(bytes, before);
  });

  it('is refused if it belongs to another job, engine or data set, or is damaged', () => {
    assert.throws(() => decodeCheckpoint(bytes, { ...spec, seed: 9 }, origin), /belongs to a different job/);
    assert.throws(
      () => decodeCheckpoint(bytes, spec, { ...origin, engine: { ...engine, backend: 'cpu' } }),
      /belongs to a different engine/,
    );
    const data = { digits: 'other' };
    assert.throws(() => decodeCheckpoint(bytes, spec, { ...origin, data }), /different data set.*other.*fingerprint/);
    const pinned = { ...origin, weightsSha256: 'one' };
    const compared = encodeCheckpoint(spec, pinned, state);
    assert.deepEqual(decodeCheckpoint(compared, spec, pinned), state);
    assert.throws(
      () => decodeCheckpoint(compared, spec, { ...origin, weightsSha256: 'other' }),
      /different weights file.*other.*one/,
    );
    // A training's checkpoint names none.
    assert.deepEqual(decodeCheckpoint(bytes, spec, pinned), state);
    assert.throws(() => decodeCheckpoint(bytes.subarray(0, bytes.length - 4), spec, origin));
    const { tensors, metadata } = decodeSafetensors(bytes);
    assert.throws(
      () => decodeCheckpoint(encodeSafetensors([], metadata), spec, origin),
      /lacks its state: it is damaged/,
    );
    const vectors = tensors[0]!.data;
    const shorter = vectors.subarray(1);
    const without = encodeSafetensors([{ name: 'vectors', shape: [shorter.length], data: shorter }], metadata);
    assert.throws(() => decodeCheckpoint(without, spec, origin), /vectors of the state take/);
    assert.throws(() => decodeCheckpoint(encodeSafetensors([], {}), spec, origin), /Not a checkpoint file/);
  });
});
