import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { EngineInfo } from '../../../../src/contract/events.js';
import type { ProblemSpec } from '../../../../src/contract/problems.js';
import { parseJobSpec } from '../../../../src/contract/validate.js';
import { loadAddon } from '../../../../src/core/engines/native/addon.js';
import { createNativeEngine } from '../../../../src/core/engines/native/engine.js';
import { SteppedNetwork } from '../../../../src/core/engines/native/stepped-network.js';
import { selectEngine } from '../../../../src/core/engines/select.js';
import { adam } from '../../../../src/core/optimizers/adam.js';
import { descend } from '../../../../src/core/optimizers/meta-adam.js';
import { newtonSchulz } from '../../../../src/core/optimizers/newton-schulz.js';
import { sampleFunctions } from '../../../../src/core/problems/batch.js';
import { Purpose } from '../../../../src/core/random/random.js';
import { flattenWeights } from '../../../../src/weights/shapes.js';
import { relativeError } from '../../../reference/meta-gradient.js';
import { nativeMissing, stepByStep } from '../../../support/native.js';
import { lstmSpec, normal, randomWeights, testSeed } from '../../../weights/samples.js';
import { madeUpDigits } from '../../problems/made-up-digits.js';

const seed = testSeed();
console.log(`seed ${seed}`);

interface Trained {
  info: EngineInfo;
  losses: number[];
  weights: string;
  tfjs: boolean;
}

/** Trains in another process. */
async function train(documents: object[], env: NodeJS.ProcessEnv = {}): Promise<Trained[]> {
  const trainee = fileURLToPath(new URL('./trainee.js', import.meta.url));
  const args = [trainee, ...documents.map((document) => JSON.stringify(document))];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: { ...process.env, ...env } });
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Trained);
}

const job = <T extends object>(fields: T) => ({ kind: 'metatrain', seed, comparison: null, ...fields });
const validation = { every: 1000, functions: 32 };
/**
 * The seed example; a batch of functions, whose state is carried; one large function, whose blocks are divided; digits,
 * of one function and of many; images; an imitation first, with a horizon cut short; pairs of particles, in several groups
 * of lanes.
 */
const jobs = [
  job({
    problem: { name: 'parabola' },
    optimizer: { name: 'lstm', inputProjection: 20 },
    training: { iterations: 200, clipNorm: 1, validation },
  }),
  job({
    problem: { name: 'quadratic', dimension: 7, distribution: 'uniform' },
    optimizer: { name: 'lstm', layers: [9, 5], preprocess: { name: 'log-sign-paper' }, outputScale: 0.1 },
    training: { iterations: 200, functions: 50, horizon: 15, unroll: 5, validation },
  }),
  job({
    problem: { name: 'parabola', dimension: 1100 },
    optimizer: { name: 'lstm', layers: [6], preprocess: { name: 'log-sign-deepmind' }, outputScale: 0.01 },
    training: { iterations: 200, unroll: 10, horizon: 20, validation: { every: 1000, functions: 1 } },
  }),
  ...[1, 17].map((functions) =>
    job({
      problem: { name: 'mnist', hidden: [2], batch: 40 },
      optimizer: { name: 'lstm', layers: [4], preprocess: { name: 'log-sign-deepmind' }, outputScale: 0.01 },
      training: { iterations: 20, functions, unroll: 5, horizon: 10, validation: { every: 1000, functions: 1 } },
    }),
  ),
  job({
    problem: { name: 'shapes', side: 8, channels: [5, 9], kernel: 3, hidden: [7], batch: 35, classes: [0, 4, 6] },
    optimizer: { name: 'lstm', layers: [4], preprocess: { name: 'log-sign-deepmind' }, outputScale: 0.01 },
    training: { iterations: 20, unroll: 5, horizon: 10, validation: { every: 1000, functions: 1 } },
  }),
  job({
    problem: { name: 'parabola', dimension: 1100 },
    optimizer: { name: 'lstm', layers: [6], outputScale: 0.1 },
    training: {
      iterations: 20,
      unroll: 5,
      horizon: 10,
      imitation: { rule: { name: 'adam', learningRate: 0.03 }, iterations: 3 },
      validation: { every: 1000, functions: 1 },
    },
  }),
  job({
    problem: { name: 'perceptron', dataset: 'digits-8', hidden: [9], activation: 'tanh', batch: 7 },
    optimizer: { name: 'mlp' },
    training: {
      iterations: 20,
      functions: 19,
      unroll: 5,
      horizon: 10,
      estimator: { name: 'pes', sigma: 0.01 },
      validation: { every: 1000, functions: 1 },
    },
  }),
];

const missing = nativeMissing();

describe('the native engine', { skip: missing }, () => {
  it('trains the same weights, bit for bit, on 1, 2 and 5 threads', async () => {
    const one = await train(jobs, { METADESCENT_THREADS: '1' });
    assert.ok(one.every(({ info }) => info.engine === 'native' && info.threads === 1));
    for (const threads of ['2', '5']) {
      const several = await train(jobs, { METADESCENT_THREADS: threads });
      assert.ok(several.every(({ info }) => info.threads === Number(threads)));
      for (const [i, { weights, losses }] of several.entries()) {
        assert.deepEqual(losses, one[i]!.losses);
        assert.equal(weights, one[i]!.weights);
      }
    }
  });

  for (const instructionSet of ['avx512', 'avx2', 'neon', 'portable']) {
    it(`trains on ${instructionSet} as on tfjs`, async (test) => {
      const short = jobs.map((document) => ({ ...document, training: { ...document.training, iterations: 3 } }));
      const forced = await train(
        short.map((document) => ({ ...document, engine: { name: 'native' } })),
        { METADESCENT_ISA: instructionSet },
      ).catch((error: Error) => error);
      if (forced instanceof Error) {
        assert.match(forced.message, /lacks the instruction set/);
        test.skip('this machine lacks it');
        return;
      }
      const expected = await train(
        short.map((document) => ({ ...document, engine: { name: 'tfjs', backend: 'wasm' } })),
      );
      for (const [i, { info, losses }] of forced.entries()) {
        assert.equal(info.instructionSet, instructionSet);
        for (const [t, loss] of losses.entries()) {
          const error = Math.abs(loss / expected[i]!.losses[t]! - 1);
          assert.ok(error < 1e-4, `job ${i}, meta-iteration ${t}: off by ${error} (seed ${seed})`);
        }
      }
    });
  }

  it('is the engine of "auto", without loading tfjs', async () => {
    const [trained] = await train([jobs[1]!]);
    assert.equal(trained!.info.engine, 'native');
    assert.equal(trained!.info.fallback, undefined);
    assert.equal(trained!.info.gradient, undefined);
    assert.equal(trained!.tfjs, false);
  });

  it('trains a problem that it has no kernels for, whose gradients come from tfjs, and says so', async () => {
    const fields = {
      problem: { name: 'rosenbrock' },
      optimizer: { name: 'lstm', layers: [5], outputScale: 0.01 },
      training: { iterations: 3, functions: 3, unroll: 10, horizon: 20, validation: { every: 1000, functions: 4 } },
    };
    const [one] = await train([job(fields)], { METADESCENT_THREADS: '1' });
    assert.equal(one!.info.engine, 'native');
    assert.match(one!.info.gradient!, /^tfjs wasm \d+\.\d+\.\d+ /);
    assert.equal(one!.info.fallback, undefined);
    assert.equal(one!.tfjs, true);
    const [two, reference] = [
      (await train([job(fields)], { METADESCENT_THREADS: '2' }))[0]!,
      (await train([job({ ...fields, engine: { name: 'tfjs', backend: 'wasm' } })]))[0]!,
    ];
    assert.equal(two.weights, one!.weights);
    for (const [i, loss] of one!.losses.entries())
      assert.ok(Math.abs(loss / reference.losses[i]! - 1) < 1e-4, `seed ${seed}`);
  });

  it('leaves exact second derivatives to tfjs, and says so', async () => {
    const exact = parseJobSpec(
      job({ problem: { name: 'simple' }, optimizer: { name: 'lstm' }, training: { secondDerivatives: 'exact' } }),
    );
    const { info } = await selectEngine({ name: 'auto', backend: 'auto' }, exact);
    assert.equal(info.engine, 'tfjs');
    assert.match(info.fallback!, /secondDerivatives: "exact" runs only on the tfjs engine/);
    await assert.rejects(selectEngine({ name: 'native', backend: 'auto' }, exact), { code: 'unsupported' });
  });

  it('falls back if it does not start, and says why; requested by name, it refuses', async () => {
    const [simple] = [
      job({ problem: { name: 'simple' }, optimizer: { name: 'lstm' }, training: { iterations: 1, validation } }),
    ];
    const [trained] = await train([simple], { METADESCENT_ISA: 'abacus' });
    assert.equal(trained!.info.engine, 'tfjs');
    assert.match(trained!.info.fallback!, /lacks the instruction set abacus/);
    await assert.rejects(
      train([{ ...simple, engine: { name: 'native' } }], { METADESCENT_ISA: 'abacus' }),
      /Unsupported/,
    );
  });

  it('clips and steps Adam as descent.ts does, bit for bit', () => {
    const engine = createNativeEngine();
    const draw = normal(seed);
    const n = 1003;
    const [mine, theirs] = [adam.init(n), adam.init(n)];
    const [phi, expected] = [new Float32Array(n), new Float32Array(n)];
    for (let step = 0; step < 20; step++) {
      // Within the range of fp32.
      const gradient = Float32Array.from({ length: n }, () => draw() * 10 ** (8 * Math.min(draw(), 4)));
      const options = { learningRate: 0.003, clipNorm: step % 3 === 0 ? null : 10 ** (step - 5) };
      const ours = engine.descend!(phi, gradient.slice(), mine, options);
      assert.deepEqual(ours, descend(expected, gradient.slice(), theirs, options));
      assert.ok(Math.abs(ours.norm / Math.hypot(...gradient) - 1) < 1e-12);
      assert.deepEqual(phi, expected);
      assert.deepEqual(mine, theirs);
    }
  });

  it('reports a meta-gradient or weights that are not finite, as descent.ts does', () => {
    const engine = createNativeEngine();
    for (const [number, value, learningRate] of [
      [4, Number.NaN, 0.1],
      [9, Number.POSITIVE_INFINITY, 0.1],
      [17, 3e38, 1e308],
      // Its square is beyond fp32, and the weights are finite still.
      [2, 1e25, 0.1],
    ] as const) {
      const gradient = new Float32Array(18).fill(1);
      gradient[number] = value;
      const [mine, theirs] = [adam.init(18), adam.init(18)];
      const [phi, expected] = [new Float32Array(18).fill(3e38), new Float32Array(18).fill(3e38)];
      const options = { learningRate, clipNorm: null };
      const ours = engine.descend!(phi, gradient.slice(), mine, options);
      assert.deepEqual(ours, descend(expected, gradient.slice(), theirs, options));
      const large = value === 3e38 || value === 1e25;
      assert.equal(Number.isFinite(ours.norm), large);
      assert.equal(ours.finite, !large);
      if (value === 1e25) assert.ok(phi.every(Number.isFinite));
      assert.deepEqual([phi, mine], [expected, theirs]);
    }
  });

  it('orthogonalises matrices as newton-schulz.ts does', () => {
    const engine = createNativeEngine();
    const draw = normal(seed);
    for (const [count, rows, columns] of [
      [1, 1, 1],
      [2, 1, 7],
      [3, 33, 1],
      [2, 20, 20],
      [4, 57, 30],
      [1, 10, 130],
    ] as const) {
      const matrices = Float64Array.from({ length: count * rows * columns }, draw);
      const expected = matrices.slice();
      newtonSchulz(expected, rows, columns);
      engine.orthogonalise!(matrices, rows, columns);
      const size = Math.sqrt(Math.min(rows, columns) * count);
      assert.ok(Math.hypot(...matrices.map((x, i) => x - expected[i]!)) < 1e-10 * size, `${rows} x ${columns}`);
    }
  });

  it('does not block the event loop during a long call, and concurrent calls give the same results as consecutive ones', async () => {
    const engine = createNativeEngine();
    const spec = lstmSpec({ layers: [20, 20], outputScale: 0.01 });
    const phi = flattenWeights(randomWeights(spec, { name: 'simple' }, seed, 0.1));
    const batch = sampleFunctions({ name: 'parabola', dimension: 20_000 }, seed, Purpose.training, 0, 4);
    const small = sampleFunctions({ name: 'parabola', dimension: 10 }, seed, Purpose.training, 0, 1);
    let turned = false;
    setImmediate(() => {
      turned = true;
    });
    const advance = async (functions: typeof batch) => (await engine.openEpisode(spec, functions)).advance(phi, 20);
    const together = await Promise.all([advance(batch), advance(small), advance(batch)]);
    assert.ok(turned);
    assert.deepEqual(together, [await advance(batch), await advance(small), await advance(batch)]);
  });

  it('gives the same bits step by step as in a whole unroll, and keeps a state every twenty steps', async () => {
    const whole = createNativeEngine();
    const stepped = stepByStep(whole);
    const spec = lstmSpec({ layers: [6, 3], preprocess: { name: 'log-sign-deepmind', k: 5 }, outputScale: 0.01 });
    const phi = flattenWeights(randomWeights(spec, { name: 'simple' }, seed, 0.3));
    const problems: ProblemSpec[] = [
      { name: 'parabola', dimension: 1037 },
      { name: 'mnist', hidden: [2], activation: 'tanh', batch: 40, examples: null },
    ];
    for (const problem of problems) {
      const batch = sampleFunctions(problem, seed, Purpose.training, 0, 3, madeUpDigits(seed));
      const [expected, found] = await Promise.all(
        [whole, stepped].map(async (engine) => {
          const episode = await engine.openEpisode(spec, batch);
          const results: unknown[] = [];
          // The second resumes from a state; the third is shorter.
          for (const steps of [45, 45, 7]) {
            const weights = Array.from({ length: steps + 1 }, (_, t) => (t === steps ? 0 : 1 / (t + 1)));
            results.push(await episode.unroll(phi, { steps, weights, secondDerivatives: 'dropped' }));
            results.push(await episode.advance(phi, 3), structuredClone(await episode.state()));
          }
          episode.dispose();
          return results;
        }),
      );
      assert.deepEqual(found, expected);
    }
  });

  it('distinguishes the observed gradient from that of the backward pass', async () => {
    const spec = lstmSpec({ layers: [5], outputScale: 0.1 });
    const phi = flattenWeights(randomWeights(spec, { name: 'simple' }, seed, 0.5));
    const [n, steps] = [21, 5];
    const draw = normal(seed);
    const rows = () => Array.from({ length: steps + 1 }, () => Float32Array.from({ length: n }, draw));
    const [observed, gradients] = [rows(), rows()];
    const weights = Array.from({ length: steps + 1 }, () => Math.abs(draw()));
    const back = async (gradient: (t: number) => Float32Array) => {
      const network = new SteppedNetwork(loadAddon(), spec, n, new Float32Array(10 * n), true);
      network.keep(steps);
      const theta = new Float32Array(n);
      for (let t = 0; t < steps; t++) await network.step(phi, observed[t]!, theta, gradient(t));
      return [...(await network.back(phi, gradient(steps), weights))];
    };
    // dL/dφ is linear in the gradients of the backward pass, for given observed ones.
    const mixed = await back((t) => observed[t]!.map((x, i) => 2 * x - gradients[t]![i]!));
    const [first, second] = [await back((t) => observed[t]!), await back((t) => gradients[t]!)];
    assert.ok(
      relativeError(
        mixed,
        first.map((x, i) => 2 * x - second[i]!),
      ) < 1e-5,
      `seed ${seed}`,
    );
    assert.ok(relativeError(first, second) > 0.01, `seed ${seed}`);
    // They may also differ only from the second step on.
    const late = await back((t) => (t === 0 ? observed : gradients)[t]!);
    assert.deepEqual(late, second, 'the gradient before the first update does not count');
  });

  it('requires the kept steps to be taken before the backward pass', async () => {
    const spec = lstmSpec({ layers: [2] });
    const phi = flattenWeights(randomWeights(spec, { name: 'simple' }, seed, 0.3));
    const network = new SteppedNetwork(loadAddon(), spec, 3, new Float32Array(12), true);
    const [gradient, theta] = [new Float32Array(3), new Float32Array(3)];
    await assert.rejects(network.back(phi, gradient, [1, 1]), /back\(\) must follow the steps/);
    network.keep(1);
    await assert.rejects(network.back(phi, gradient, [1, 1]), /back\(\) must follow the steps/);
    await network.step(phi, gradient, theta);
    await assert.rejects(network.step(phi, gradient, theta), /more steps than the 1/);
    await assert.rejects(network.back(phi, gradient, [1]), /weights has 1 numbers, expected 2/);
  });

  it('refuses arrays of the wrong length', async () => {
    const engine = createNativeEngine();
    const batch = sampleFunctions({ name: 'parabola', dimension: 10 }, seed, Purpose.training, 0, 1);
    const episode = await engine.openEpisode(lstmSpec(), batch);
    await assert.rejects(episode.advance(new Float32Array(7), 1), /phi has 7 numbers, expected 5061/);
  });
});

it('says what to install if there is no compiler', async () => {
  const script = fileURLToPath(new URL('../../../../../scripts/native.mjs', import.meta.url));
  await assert.rejects(
    promisify(execFile)(process.execPath, [script], { env: { ...process.env, CXX: '/nowhere/g++' } }),
    ({ code, stderr }: { code: number; stderr: string }) =>
      code === 1 && /^The native engine needs a C\+\+20 compiler.*apt-get install g\+\+/.test(stderr),
  );
});
