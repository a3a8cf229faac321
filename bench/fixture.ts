import type { MetatrainSpec } from '../src/contract/spec.js';
import { parseJobSpec } from '../src/contract/validate.js';
import { createTfjsEngine } from '../src/core/engines/tfjs/engine.js';
import { initialise } from '../src/core/learned/initialise.js';
import { sampleFunctions } from '../src/core/problems/batch.js';
import { problemOf } from '../src/core/problems/registry.js';
import { Purpose, RandomStream } from '../src/core/random/random.js';
import type { Case } from './case.js';

/** Small cases that the peers and we are to agree on. */

/** Weights and functions. */
export interface Inputs {
  phi: number[];
  /** Each [functions, …shape]; of digits, `batch` [steps + 1, digits] too. `start` is θ_0. */
  data: Record<string, { shape: number[]; values: number[] }>;
}

export interface Answer {
  /** Mean over the functions of f(θ_t) [T]. */
  losses: number[];
  /** dL/dφ */
  gradient: number[];
}

export type Size = Pick<Case, 'coordinates' | 'functions' | 'steps'>;

export const small: Size = { coordinates: 4, functions: 3, steps: 5 };

/** Digits of each step's batch. */
export const smallBatch = 16;

/**
 * A small case with a workload's learned optimizer, and what our reference engine makes of it: the tests hold that
 * engine against fp64.
 */
export async function makeFixture(
  problem: 'parabola' | 'quadratic',
  optimizer: Case['optimizer'],
  seed: number,
): Promise<{ inputs: Inputs; answer: Answer }> {
  const { coordinates: dimension, functions, steps } = small;
  const distribution = problem === 'quadratic' ? { distribution: 'uniform' } : {};
  const spec = specOf({ name: problem, dimension, ...distribution }, optimizer);
  const batch = sampleFunctions(spec.problem, seed, Purpose.training, 0, functions);
  const phi = initialise(spec.optimizer, seed);
  const engine = await createTfjsEngine({ name: 'tfjs', backend: 'wasm' });
  const episode = await engine.openEpisode(spec.optimizer, batch);
  const weights = Array.from({ length: steps + 1 }, (_, t) => (t < steps ? 1 : 0));
  const { losses, gradient } = await episode.unroll(phi, { steps, weights, secondDerivatives: 'dropped' });
  episode.dispose();
  const data: Inputs['data'] = { start: { shape: [functions, dimension], values: [...batch.start] } };
  for (const [name, shape] of Object.entries(problemOf(spec.problem).shapes(spec.problem)))
    data[name] = { shape: [functions, ...shape], values: [...batch.data[name]!] };
  const means = Array.from({ length: steps }, (_, t) => mean(losses.subarray(t * functions, (t + 1) * functions)));
  return { inputs: { phi: [...phi], data }, answer: { losses: means, gradient: [...gradient] } };
}

/**
 * A small case of the digits' network, with θ_0 far enough from 0 that no two units are alike. There is no answer of
 * ours to it: the peers, of which one differentiates by itself and another has its gradient written out, are held
 * against each other.
 */
export function digitInputs(optimizer: Case['optimizer'], coordinates: number, seed: number): Inputs {
  const random = new RandomStream(seed, Purpose.training, 0);
  const start = new Float32Array(coordinates);
  random.fillNormal(start, 0, 0.3);
  const batch = Array.from({ length: (small.steps + 1) * smallBatch }, () => random.nextInt(10_000));
  return {
    phi: [...initialise(specOf({ name: 'simple' }, optimizer).optimizer, seed)],
    data: {
      start: { shape: [1, coordinates], values: [...start] },
      batch: { shape: [small.steps + 1, smallBatch], values: batch },
    },
  };
}

function specOf(problem: Record<string, unknown>, optimizer: Case['optimizer']): MetatrainSpec {
  return parseJobSpec({ kind: 'metatrain', problem, optimizer: { name: 'lstm', ...optimizer } }) as MetatrainSpec;
}

function mean(values: Float32Array): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}
