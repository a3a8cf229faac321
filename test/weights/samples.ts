import { randomInt } from 'node:crypto';
import type { LstmSpec } from '../../src/contract/networks/lstm.js';
import { MlpSpec, mlpPresets } from '../../src/contract/networks/mlp.js';
import type { LearnedSpec } from '../../src/contract/optimizers.js';
import type { ProblemSpec } from '../../src/contract/problems.js';
import { compile, parseJobSpec } from '../../src/contract/validate.js';
import { weightShapes } from '../../src/weights/shapes.js';
import type { NamedTensor } from '../../src/weights/tensors.js';
import { sizeOf } from '../../src/weights/tensors.js';
import type { TrainedOptimizer } from '../../src/weights/weights.js';

/** Mulberry32: uniform draws in [0, 1) for tests. */
export function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Standard normal draws (Box and Muller 1958). */
export function normal(seed: number): () => number {
  const u = uniform(seed);
  return () => Math.sqrt(-2 * Math.log(1 - u())) * Math.cos(2 * Math.PI * u());
}

/** A seed to print: TEST_SEED if set, so that a failure can be reproduced. */
export function testSeed(): number {
  return process.env.TEST_SEED === undefined ? randomInt(2 ** 31) : Number(process.env.TEST_SEED);
}

/** A complete spec from the given fields. */
export function lstmSpec(fields: Partial<LstmSpec> = {}): LstmSpec {
  const document = { kind: 'metatrain', problem: { name: 'simple' }, optimizer: { name: 'lstm', ...fields } };
  const spec = parseJobSpec(document);
  if (spec.kind !== 'metatrain' || spec.optimizer.name !== 'lstm') throw new Error('not a metatrain spec of an LSTM');
  return spec.optimizer;
}

const completeMlp = compile(MlpSpec);

/** A complete spec: of a preset, with the given fields. */
export function mlpSpec(preset: keyof typeof mlpPresets = 'celo2-base', fields: Partial<MlpSpec> = {}): MlpSpec {
  const spec: unknown = { ...structuredClone(mlpPresets[preset]), ...fields };
  if (!completeMlp(spec)) throw new Error(JSON.stringify(completeMlp.errors));
  return spec as MlpSpec;
}

/** Weights drawn from N(0, scale²), as tensors. */
export function randomWeights(spec: LearnedSpec, problem: ProblemSpec, seed: number, scale = 0.3): NamedTensor[] {
  const draw = normal(seed);
  return weightShapes(spec, problem).map(({ name, shape }) => ({
    name,
    shape,
    data: Float32Array.from({ length: sizeOf(shape) }, () => scale * draw()),
  }));
}

/** An optimizer with random weights and a plausible provenance. */
export function sampleOptimizer(
  spec: LearnedSpec,
  seed: number,
  scale = 0.3,
  problem: ProblemSpec = { name: 'parabola', dimension: 10 },
): TrainedOptimizer {
  const names = spec.name === 'groups' ? spec.groups.map(({ optimizer }) => optimizer.name) : [spec.name];
  const training = names.includes('mlp') ? { estimator: { name: 'pes' } } : {};
  const job = parseJobSpec({ kind: 'metatrain', problem, optimizer: spec, training });
  if (job.kind !== 'metatrain') throw new Error('not a metatrain spec');
  return {
    spec,
    tensors: randomWeights(spec, problem, seed, scale),
    provenance: {
      problem: job.problem,
      training: job.training,
      seed: job.seed,
      iterations: 1000,
      bestIteration: 900,
      engine: { engine: 'tfjs', backend: 'wasm', version: '4.22.0', instructionSet: 'wasm-simd', threads: 1 },
    },
  };
}

/** The encoded part of a decoded optimizer. */
export function contentOf({ spec, tensors, provenance }: TrainedOptimizer): TrainedOptimizer {
  return { spec, tensors, provenance };
}
