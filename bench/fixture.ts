import { join } from 'node:path';
import { DatasetError, type Datasets } from '../src/contract/datasets.js';
import type { ProblemSpec } from '../src/contract/problems.js';
import type { MetatrainSpec } from '../src/contract/spec.js';
import { parseJobSpec } from '../src/contract/validate.js';
import { createTfjsEngine } from '../src/core/engines/tfjs/engine.js';
import { initialise } from '../src/core/learned/initialise.js';
import { sampleFunctions } from '../src/core/problems/batch.js';
import { problemOf } from '../src/core/problems/registry.js';
import { Purpose } from '../src/core/random/random.js';
import { readIdx } from '../src/data/idx.js';
import type { Case } from './case.js';

/** Small cases on which the peers must agree with us. */

/** Weights and functions. */
export interface Inputs {
  phi: number[];
  /** Each [functions, …shape]; for digits also `batch` [steps + 1, digits]. `start` is θ_0. */
  data: Record<string, { shape: number[]; values: number[] }>;
}

export interface Answer {
  /** Mean over the functions of f(θ_t) [T]. */
  losses: number[];
  /** dL/dφ */
  gradient: number[];
}

export interface Fixture {
  problem: string;
  size: Pick<Case, 'coordinates' | 'functions' | 'steps' | 'batch'>;
  inputs: Inputs;
  answer: Answer;
}

/** Not a prime, so that nested checkpoints can divide it into blocks. */
const steps = 6;
const documents = {
  parabola: { problem: { name: 'parabola', dimension: 4 }, functions: 3 },
  quadratic: { problem: { name: 'quadratic', dimension: 4, distribution: 'uniform' }, functions: 3 },
  mnist: { problem: { name: 'mnist', batch: 16 }, functions: 1 },
};

/**
 * A small case with a workload's learned optimizer, and the result of our reference engine, which the tests check against
 * fp64.
 * @param digits the folder with the digits that the peers will read
 */
export async function makeFixture(
  name: keyof typeof documents,
  optimizer: Case['optimizer'],
  seed: number,
  digits: string,
): Promise<Fixture> {
  const { problem, functions } = documents[name];
  const document = { kind: 'metatrain', problem, optimizer: { name: 'lstm', ...optimizer } };
  const spec = parseJobSpec(document) as MetatrainSpec;
  const drawn = sampleFunctions(spec.problem, seed, Purpose.training, 0, functions, await datasetsFor(name, digits));
  // A perceptron's units begin almost equal; larger weights make a mistake in one of them visible.
  const batch = name === 'mnist' ? { ...drawn, start: drawn.start.map((x) => 30 * x) } : drawn;
  const phi = initialise(spec.optimizer, spec.problem, seed);
  const engine = await createTfjsEngine({ name: 'tfjs', backend: 'wasm' });
  const episode = await engine.openEpisode(spec.optimizer, batch);
  const weights = Array.from({ length: steps + 1 }, (_, t) => (t < steps ? 1 : 0));
  const { losses, gradient } = await episode.unroll(phi, { steps, weights, secondDerivatives: 'dropped' });
  episode.dispose();

  const data: Inputs['data'] = { start: { shape: [functions, batch.dimension], values: [...batch.start] } };
  for (const [array, shape] of Object.entries(problemOf(spec.problem).shapes(spec.problem)))
    data[array] = { shape: [functions, ...shape], values: [...batch.data[array]!] };
  if (batch.miniBatches) {
    const rows = batch.miniBatches.rows(0, steps + 1);
    data.batch = { shape: [steps + 1, batch.miniBatches.size], values: [...rows] };
  }
  const means = Array.from({ length: steps }, (_, t) => mean(losses.subarray(t * functions, (t + 1) * functions)));
  return {
    problem: name,
    size: { coordinates: batch.dimension, functions, steps, ...batchOf(spec.problem) },
    inputs: { phi: [...phi], data },
    answer: { losses: means, gradient: [...gradient] },
  };
}

function batchOf(problem: ProblemSpec): { batch?: number } {
  return problem.name === 'mnist' ? { batch: problem.batch } : {};
}

/** All the digits in the order of their files, so that a row has the same number here and for the peers. */
async function datasetsFor(name: keyof typeof documents, folder: string): Promise<Datasets> {
  if (name !== 'mnist') return {};
  const read = (file: string) => readIdx(join(folder, file));
  const [images, labels] = await Promise.all([read('images-idx3-ubyte'), read('labels-idx1-ubyte')]);
  if (!images || !labels) throw new DatasetError(`${folder} has no digits: run node scripts/digits.mjs.`);
  const all = { inputs: images.data, width: 784, labels: labels.data };
  return { digits: { fingerprint: '', training: all, heldOut: all } };
}

function mean(values: Float32Array): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}
