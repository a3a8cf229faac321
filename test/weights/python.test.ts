import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import type { LstmSpec, PreprocessSpec } from '../../src/contract/networks/lstm.js';
import type { MlpSpec } from '../../src/contract/networks/mlp.js';
import type { LearnedSpec } from '../../src/contract/optimizers.js';
import { parseJobSpec } from '../../src/contract/validate.js';
import type { Engine } from '../../src/core/engines/engine.js';
import { createTfjsEngine } from '../../src/core/engines/tfjs/engine.js';
import { sampleFunctions } from '../../src/core/problems/batch.js';
import { Purpose } from '../../src/core/random/random.js';
import { createRun } from '../../src/core/run.js';
import { decodeSafetensors, encodeSafetensors } from '../../src/weights/safetensors.js';
import { flattenWeights } from '../../src/weights/shapes.js';
import { decodeWeights, encodeWeights, type TrainedOptimizer, toJson, toNpz } from '../../src/weights/weights.js';
import { respond } from '../support/respond.js';
import { tensorsProblem } from '../support/tensors-problem.js';
import { findPython, root } from './python-environment.js';
import { contentOf, lstmSpec, mlpSpec, sampleOptimizer, testSeed, uniform } from './samples.js';

const run = promisify(execFile);
const steps = 20;
const n = 7;
const apply = join(root, 'examples/apply.py');

interface NumpyArray {
  shape: number[];
  dtype: string;
  /** base64 */
  data: string;
}
interface Form {
  metadata: Record<string, unknown>;
  tensors: Record<string, NumpyArray>;
}
type Report = Record<
  string,
  { safetensors: Form; npz: Form; json: Form; updates?: { safetensors: NumpyArray; npz: NumpyArray } } | undefined
>;
interface Case {
  name: string;
  trained: TrainedOptimizer;
  /** Where examples/apply.py runs it. */
  gradients: Float32Array | null;
}

/** What an engine has done with an MLP, each [steps, n]. */
interface MlpCase {
  name: string;
  trained: TrainedOptimizer;
  gradients: Float32Array;
  thetas: Float32Array;
  updates: Float32Array;
}

const shapes = [[], [5], [3, 4], [2, 3, 4], [4, 1]];
const tensors = tensorsProblem(shapes);

/** Every form of features, of vectors, decays and outputs. */
const mlps: MlpSpec[] = [
  mlpSpec('celo2-base'),
  mlpSpec('small-fc'),
  mlpSpec('small-fc', { vectorFeatures: 9, hidden: [] }),
  mlpSpec('celo2-base', { learnDecays: true, output: 'direction-and-magnitude' }),
  mlpSpec('celo2-base', { normaliseFeatures: 'none', normaliseUpdate: 'none', maximumGradient: 0.5 }),
];

/** Follows an engine for some steps from random weights. The learning rate is large, so that θ's rounding is small. */
async function followMlp(name: string, engine: Engine, spec: MlpSpec): Promise<MlpCase> {
  // Fixed: where all outputs of a small tensor nearly cancel, fp32 has few digits of its update.
  const trained = sampleOptimizer(spec, 1, 0.3, tensors);
  const batch = sampleFunctions(tensors, 1, Purpose.validation, 0, 1);
  const rates = { at: () => 1, weightDecay: 0 };
  const functions = await engine.openFunctions(batch);
  const episode = await engine.openEpisode(spec, batch, { rates });
  const all = Array.from({ length: 3 }, () => new Float32Array(steps * batch.dimension));
  const [gradients, thetas, updates] = all as [Float32Array, Float32Array, Float32Array];
  for (let t = 0; t < steps; t++) {
    const before = (await episode.state()).theta.slice();
    await episode.advance(flattenWeights(trained.tensors), 1);
    const { theta } = await episode.state();
    thetas.set(before, t * before.length);
    gradients.set((await functions.evaluate(before, t)).gradient, t * before.length);
    updates.set(
      theta.map((x, i) => x - before[i]!),
      t * before.length,
    );
  }
  episode.dispose();
  functions.dispose();
  return { name, trained, gradients, thetas, updates };
}

/** Every preprocessing, with and without a projection, of every depth, with and without an output scale. */
function architectures(): LstmSpec[] {
  const forms: PreprocessSpec[] = [
    { name: 'none' },
    { name: 'log-sign-paper', p: 10 },
    { name: 'log-sign-deepmind', k: 5 },
    // Here ε matters: at k = 5 the logarithm is clipped long before.
    { name: 'log-sign-deepmind', k: 15 },
  ];
  return forms.flatMap((preprocess) =>
    [null, 5].flatMap((inputProjection) =>
      [[], [1], [4, 3, 1], [20, 20]].flatMap((layers) =>
        [1, 0.01].map((outputScale) => lstmSpec({ preprocess, inputProjection, layers, outputScale })),
      ),
    ),
  );
}

/** Two networks, one of them over two coordinates at a time. */
const groups: LearnedSpec = {
  name: 'groups',
  groups: [
    { name: 'pair', parameters: ['x_0', 'x_2'], optimizer: lstmSpec({ over: 'all', layers: [2] }) },
    { name: 'rest', parameters: ['*'], optimizer: lstmSpec({ layers: [1] }) },
  ],
};

/** Gradients [steps, n] of either sign and of sizes from 1e-8 to 10, and some that are 0. */
function recordedGradients(seed: number): Float32Array {
  const draw = uniform(seed);
  const gradient = () => (draw() < 0.05 ? 0 : 10 ** (9 * draw() - 8) * (draw() < 0.5 ? -1 : 1));
  return Float32Array.from({ length: steps * n }, gradient);
}

/** Weights at the ends of fp32's range, and values that JSON cannot write. */
function extremeOptimizer(seed: number): TrainedOptimizer {
  const trained = sampleOptimizer(lstmSpec({ layers: [1], preprocess: { name: 'log-sign-paper', p: 10 } }), seed);
  const maximum = (2 - 2 ** -23) * 2 ** 127;
  trained.tensors[0]!.data.set([
    Number.NaN,
    Infinity,
    -Infinity,
    0,
    maximum,
    -maximum,
    2 ** -149,
    2 ** -126 - 2 ** -149,
  ]);
  return trained;
}

/** Why there is no Python to test with, or null. CI must have one. */
const { python, missing } = await findPython();

describe('Python reads our weights files', { skip: missing }, () => {
  const seed = testSeed();
  const cases: Case[] = [];
  const mlpCases: MlpCase[] = [];
  let folder: string;
  let report: Report;

  before(async () => {
    console.log(`TEST_SEED=${seed}`);
    folder = await mkdtemp(join(tmpdir(), 'metadescent-python-'));
    const optimizers = architectures().map((spec, i) => sampleOptimizer(spec, seed + i));
    const composed = [
      sampleOptimizer(lstmSpec({ over: 'all', layers: [3] }), seed),
      sampleOptimizer(groups, seed, 0.3, { name: 'simple-multi', dimension: 3 }),
    ];
    for (const [i, trained] of [...optimizers, extremeOptimizer(seed), ...composed].entries()) {
      const name = `${i}`;
      const gradients = i < optimizers.length ? recordedGradients(seed + 1000 + i) : null;
      cases.push({ name, trained, gradients });
      const path = join(folder, name);
      await writeFile(`${path}.safetensors`, encodeWeights(trained));
      await writeFile(`${path}.npz`, toNpz(trained));
      await writeFile(`${path}.json`, toJson(trained));
      if (gradients)
        await writeFile(`${path}.gradients`, Buffer.concat([bytesOf(Uint32Array.of(n)), bytesOf(gradients)]));
    }
    const engine = await createTfjsEngine({ name: 'tfjs', backend: 'wasm' });
    for (const [i, spec] of mlps.entries()) {
      const followed = await followMlp(`mlp-${i}`, engine, spec);
      const { name, trained, gradients, thetas } = followed;
      mlpCases.push(followed);
      cases.push({ name, trained, gradients: null });
      const path = join(folder, name);
      await writeFile(`${path}.safetensors`, encodeWeights(trained));
      await writeFile(`${path}.npz`, toNpz(trained));
      await writeFile(`${path}.json`, toJson(trained));
      const seen = { shapes, gradients: base64Of(gradients), thetas: base64Of(thetas) };
      await writeFile(`${path}.tensors`, JSON.stringify(seen));
    }
    // One process for all cases: starting Python with NumPy takes as long as all cases.
    await run(python, [join(root, 'test/weights/read_back.py'), folder, join(root, 'examples')]);
    report = JSON.parse(await readFile(join(folder, 'report.json'), 'utf8'));
  });

  after(() => rm(folder, { recursive: true, force: true }));

  for (const form of ['safetensors', 'npz', 'json'] as const) {
    it(`${form}: every tensor bit for bit, and the metadata`, () => {
      for (const { name, trained } of cases) {
        const { metadata, tensors } = report[name]![form];
        const expected = trained.tensors.map(({ name, shape, data }) => [
          name,
          { shape, dtype: '<f4', data: bytesOf(data).toString('base64') },
        ]);
        assert.deepEqual(tensors, Object.fromEntries(expected));
        assert.deepEqual(form === 'safetensors' ? parsed(metadata) : metadata, {
          format: 'metadescent/1',
          gateOrder: 'input,forget,cell,output',
          optimizer: trained.spec,
          ...trained.provenance,
        });
      }
    });
  }

  it('what Python’s safetensors writes, we read', async () => {
    for (const { name, trained } of cases)
      assert.deepEqual(contentOf(decodeWeights(await readFile(join(folder, `${name}.rewritten`)))), trained);
  });

  it('examples/apply.py agrees with 20 of our updates to 1e-5', async () => {
    const engine = await createTfjsEngine({ name: 'tfjs', backend: 'wasm' });
    for (const { name, trained, gradients } of cases) {
      if (!gradients) continue;
      const ours = await respond(engine, trained.spec as LstmSpec, flattenWeights(trained.tensors), gradients, n);
      for (const form of ['safetensors', 'npz'] as const) {
        const { shape, dtype, data } = report[name]!.updates![form];
        assert.deepEqual([shape, dtype], [[steps, n], '<f4']);
        const error = distance(floatsOf(data), ours);
        assert(error <= 1e-5, `${JSON.stringify(trained.spec)}: ${form} differs by ${error}`);
      }
    }
  });

  it('examples/apply.py agrees with 20 updates of an MLP to 1e-4', () => {
    for (const { name, trained, updates, thetas } of mlpCases)
      for (const form of ['safetensors', 'npz'] as const) {
        const { shape, dtype, data } = report[name]!.updates![form];
        assert.deepEqual([shape, dtype], [[steps, updates.length / steps], '<f4']);
        // θ is rounded.
        const allowed = 1e-4 + (2 ** -23 * Math.hypot(...thetas)) / Math.hypot(...updates);
        const error = distance(floatsOf(data), updates);
        assert(error <= allowed, `${JSON.stringify(trained.spec)}: ${form} differs by ${error}, at most ${allowed}`);
      }
  });

  it('examples/apply.py, from the command line, minimises with an optimizer that we have trained', async () => {
    const path = join(folder, 'trained.safetensors');
    await writeFile(path, await train());
    const { stdout, stderr } = await run(python, [apply, path, '--seed', '3']);
    assert.equal(stderr, '');
    const losses = [...stdout.matchAll(/^step +(\d+) {2}loss (\S+)$/gm)].map(([, , loss]) => Number(loss));
    assert.equal(losses.length, 21);
    assert(losses[20]! < 0.02 * losses[0]!, `losses ${losses}`);
  });

  it('examples/apply.py refuses groups, and networks over several coordinates', async () => {
    const composed = cases.filter(({ trained }) => trained.spec.name === 'groups' || isOverAll(trained.spec));
    const [all, groups] = composed.map(({ name }) => join(folder, `${name}.safetensors`));
    await assert.rejects(run(python, [apply, all!]), /optimizer.over is 'all'; this program reads only 'coordinate'/);
    await assert.rejects(
      run(python, [apply, groups!]),
      /optimizer.name is 'groups'; this program reads only lstm or mlp/,
    );
  });

  it('examples/apply.py refuses another format', async () => {
    const path = join(folder, 'later.safetensors');
    const { tensors, metadata } = decodeSafetensors(encodeWeights(sampleOptimizer(lstmSpec(), seed)));
    await writeFile(path, encodeSafetensors(tensors, { ...metadata, format: 'metadescent/2' }));
    await assert.rejects(run(python, [apply, path]), /ValueError: .*format is 'metadescent\/2'; .* 'metadescent\/1'/);
  });
});

function isOverAll(spec: LearnedSpec): boolean {
  return spec.name === 'lstm' && spec.over === 'all';
}

function base64Of(values: Float32Array): string {
  return bytesOf(values).toString('base64');
}

/** Safetensors' metadata, whose values are strings. */
function parsed(metadata: Record<string, unknown>): Record<string, unknown> {
  const plain = ['format', 'gateOrder'];
  return Object.fromEntries(
    Object.entries(metadata).map(([key, text]) => [key, plain.includes(key) ? text : JSON.parse(String(text))]),
  );
}

/** Normwise: |a - b| / |b|. */
function distance(a: Float32Array, b: Float32Array): number {
  return Math.hypot(...a.map((value, i) => value - b[i]!)) / Math.hypot(...b);
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function floatsOf(base64: string): Float32Array {
  return new Float32Array(Uint8Array.from(Buffer.from(base64, 'base64')).buffer);
}

/** Weights after a short training on the parabola. */
async function train(): Promise<Uint8Array> {
  const training = await createRun({
    spec: parseJobSpec({
      kind: 'metatrain',
      problem: { name: 'parabola' },
      optimizer: { name: 'lstm', layers: [8], inputProjection: 8 },
      training: { iterations: 200, functions: 8, learningRate: 0.01, validation: { every: 50, functions: 64 } },
      comparison: null,
      engine: { backend: 'wasm' },
    }),
  });
  while ((await training.next()) !== null);
  const weights = training.weights();
  training.dispose();
  assert(weights);
  return weights;
}
