import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { before, describe, it } from 'node:test';
import type { LstmSpec } from '../../../src/contract/networks/lstm.js';
import type { GroupRule } from '../../../src/contract/optimizers.js';
import type { ProblemSpec } from '../../../src/contract/problems.js';
import type { TrainingSpec } from '../../../src/contract/training.js';
import { parseJobSpec } from '../../../src/contract/validate.js';
import type { Engine } from '../../../src/core/engines/engine.js';
import { createNativeEngine } from '../../../src/core/engines/native/engine.js';
import { createTfjsEngine } from '../../../src/core/engines/tfjs/engine.js';
import { initialise } from '../../../src/core/learned/initialise.js';
import { MetaTraining } from '../../../src/core/metatrain/metatrain.js';
import { ruleOf } from '../../../src/core/optimizers/registry.js';
import { relativeError } from '../../reference/meta-gradient.js';
import { gradient, observed, value } from '../../reference/problems.js';
import { nativeMissing, stepByStep } from '../../support/native.js';
import { respond } from '../../support/respond.js';
import { lstmSpec, normal, uniform } from '../../weights/samples.js';
import {
  architectures,
  composed,
  composites,
  convNets,
  deepmind,
  draw,
  group,
  groups,
  isBlockwise,
  metaLosses,
  nameOf,
  paper,
  perceptrons,
  problems,
  randomPhi,
  rules,
  seed,
  seedOf,
  testFunctions,
  widePerceptrons,
} from './cases.js';
import { checkMuon } from './check-muon.js';
import {
  accuracyOf,
  checkOpenLoop,
  checkSlopes,
  checkStates,
  checkUnrolls,
  close,
  closeLosses,
  reference,
  roundedDistance,
} from './checks.js';
import { functionsOf } from './reference.js';

/**
 * The tests for every engine, against the fp64 reference. The tfjs backends share one process-wide setting, so an engine
 * is created only when its turn comes.
 */
const engines: {
  name: string;
  create: () => Promise<Engine>;
  allocations: () => number;
  secondDerivatives: TrainingSpec['secondDerivatives'][];
  /** Whether it has networks over more than one coordinate at a time. */
  blocks: boolean;
  /** Why it cannot be tested here, if so. */
  skip?: string | false;
}[] = [
  {
    name: 'tfjs, wasm',
    create: () => createTfjsEngine({ name: 'tfjs', backend: 'wasm' }),
    allocations: tensors,
    secondDerivatives: ['dropped', 'exact'],
    blocks: true,
  },
  {
    name: 'tfjs, cpu',
    create: () => createTfjsEngine({ name: 'tfjs', backend: 'cpu' }),
    allocations: tensors,
    secondDerivatives: ['dropped', 'exact'],
    blocks: true,
  },
  {
    name: 'native',
    create: async () => createNativeEngine(),
    // Between calls it keeps only its working memory.
    allocations: () => 0,
    secondDerivatives: ['dropped'],
    blocks: false,
    skip: nativeMissing(),
  },
  {
    name: 'native, step by step',
    create: async () => stepByStep(createNativeEngine()),
    allocations: () => 0,
    secondDerivatives: ['dropped'],
    blocks: false,
    skip: nativeMissing(),
  },
  {
    name: 'native, gradients by tfjs',
    create: async () => stepByStep(await createTfjsEngine({ name: 'tfjs', backend: 'wasm' })),
    allocations: tensors,
    secondDerivatives: ['dropped'],
    blocks: false,
    skip: nativeMissing(),
  },
];

function tensors(): number {
  const tf: typeof import('@tensorflow/tfjs-core') = createRequire(import.meta.url)('@tensorflow/tfjs-core');
  return tf.memory().numTensors;
}

/** Weights of a short training: their updates depend on h, unlike those of fresh weights. */
let trained: { spec: LstmSpec; phi: Float32Array }[];
/** The reference engine's own distance to fp64 in closed loop, with trained weights. */
let ownDistance: number[];
const closedLoop = { problem: { name: 'parabola', dimension: 10 } as const, functions: 16, steps: 20 };

before(async () => {
  const engine = await createTfjsEngine({ name: 'tfjs', backend: 'wasm' });
  trained = [];
  for (const optimizer of [
    { layers: [20, 20], inputProjection: 20 },
    { layers: [8], preprocess: deepmind },
  ]) {
    const training = { iterations: 120, learningRate: 0.005, functions: 4, validation: { every: 120 } };
    const document = {
      kind: 'metatrain',
      problem: { name: 'parabola' },
      optimizer: { name: 'lstm', ...optimizer },
      training,
    };
    const spec = parseJobSpec(document);
    if (spec.kind !== 'metatrain' || spec.optimizer.name !== 'lstm') throw new Error('unreachable');
    const run = MetaTraining.create(spec, engine, {});
    while ((await run.next()) !== null);
    trained.push({ spec: spec.optimizer, phi: (await run.state()).phi });
    run.dispose();
  }
  ownDistance = await Promise.all(trained.map(({ spec, phi }) => distance(engine, spec, phi)));
});

const closedBatch = () => draw(closedLoop.problem, closedLoop.functions, 1000);

/** The error of a closed loop's losses. */
async function distance(engine: Engine, spec: LstmSpec, phi: Float32Array): Promise<number> {
  const batch = closedBatch();
  const episode = await engine.openEpisode(spec, batch);
  const losses = await episode.advance(phi, closedLoop.steps);
  episode.dispose();
  return relativeError(losses, reference(spec, phi, batch, closedLoop.steps).losses);
}

for (const { name, create, allocations, secondDerivatives, blocks, skip } of engines) {
  describe(`every engine: ${name}`, { skip: skip ?? false }, () => {
    let engine: Engine;
    before(async () => {
      engine = await create();
    });

    /** Runs a test and counts what it leaves behind. */
    const test = (title: string, body: () => Promise<void>) =>
      it(title, async () => {
        const before = allocations();
        await body();
        assert.equal(allocations(), before, 'something was not disposed of');
      });

    const withoutKernels = name === 'native' || name === 'native, step by step' ? [] : testFunctions;
    const evaluated = [...withoutKernels, ...composed];

    for (const problem of [...problems, ...evaluated, ...widePerceptrons, ...convNets]) {
      test(`evaluates ${nameOf(problem)}: value and gradient`, async () => {
        const ofExamples = ['mnist', 'perceptron', 'autoencoder', 'shapes'].includes(problem.name);
        const batch = draw(problem, ofExamples ? 2 : 7);
        const [spread, tolerance] = accuracyOf(problem);
        const functions = await engine.openFunctions(batch);
        const sample = normal(seedOf(problem));
        const theta = Float32Array.from({ length: batch.start.length }, () => spread * sample());
        const before = theta.slice();
        const found = await functions.evaluate(theta, 3);
        functions.dispose();
        assert.deepEqual(theta, before);
        const d = batch.dimension;
        const at = (b: number) => [...theta.slice(b * d, (b + 1) * d)];
        const all = functionsOf(batch);
        close(
          found.losses,
          all.map((f, b) => value(f, at(b), 3)),
          tolerance,
          'values',
        );
        close(
          found.gradient,
          all.flatMap((f, b) => gradient(f, at(b), 3)),
          tolerance,
          'gradients',
        );
        close(
          found.observed ?? found.gradient,
          all.flatMap((f, b) => observed(f, at(b), 3)),
          tolerance,
          'what an optimizer sees',
        );
      });
    }

    for (const [title, spec] of architectures) {
      test(`open loop, ${title}: 1e-4 at any T up to 200, random weights small and large`, async () => {
        for (const [scale, n] of [
          [0.3, 1],
          [1, 7],
          [2, 33],
        ] as const) {
          const phi = randomPhi(spec, scale);
          await checkOpenLoop(engine, spec, phi, n, `scale ${scale}`);
        }
      });
    }

    test('open loop, trained weights: 1e-4 at any T up to 200', async () => {
      for (const { spec, phi } of trained) await checkOpenLoop(engine, spec, phi, 5, `layers ${spec.layers}`);
    });

    test('closed loop, fresh weights: 1e-4 over 20 steps', async () => {
      for (const problem of problems)
        for (const [title, spec] of architectures.filter(([, { layers }]) => layers.length > 0)) {
          const phi = initialise(spec, problem, seed);
          const batch = draw(problem, 2);
          const episode = await engine.openEpisode(spec, batch);
          const losses = await episode.advance(phi, 20);
          episode.dispose();
          closeLosses(losses, spec, phi, batch, 20, `${nameOf(problem)}, ${title}`);
        }
    });

    test('closed loop, trained weights: at most 5 times the reference engine’s own distance, or as far as rounding takes fp64', async () => {
      for (const [i, { spec, phi }] of trained.entries()) {
        const found = await distance(engine, spec, phi);
        // Below 1e-5 it is rounding, which each engine does in its own order.
        const allowed = Math.max(5 * ownDistance[i]!, 1e-5);
        if (found <= allowed) continue;
        // One seed in a hundred has functions with a gradient so near 0 that its logarithm is rounding.
        const rounded = roundedDistance(spec, phi, closedBatch(), closedLoop.steps);
        assert.ok(found <= rounded, `${found}, at most ${allowed} or ${rounded} (seed ${seed})`);
      }
    });

    for (const [i, [title, spec]] of architectures.entries()) {
      const problem = problems[(i + 1) % problems.length]!;
      test(`meta-gradient, ${title}, on ${nameOf(problem)}: that of fp64 differences`, async () => {
        const metaLoss = metaLosses[i % metaLosses.length]!;
        const phi = randomPhi(spec, 0.5);
        const functions = 1 + (i % 3);
        await checkUnrolls(engine, secondDerivatives, { spec, problem, functions, steps: 3, metaLoss, phi }, title);
      });
    }

    for (const problem of evaluated)
      test(`meta-gradient on ${nameOf(problem)}: that of fp64 differences`, async () => {
        const spec = lstmSpec({ layers: [3], outputScale: 0.1 });
        const phi = randomPhi(spec, 0.5);
        const one = { spec, problem, functions: 2, steps: 3, metaLoss: 'sum-and-final', phi } as const;
        await checkUnrolls(engine, secondDerivatives, one, nameOf(problem));
      });

    test('meta-gradient of the trained weights', async () => {
      for (const { spec, phi } of trained) {
        const problem = { name: 'parabola', dimension: 2 } as const;
        await checkUnrolls(
          engine,
          secondDerivatives,
          { spec, problem, functions: 2, steps: 5, metaLoss: 'sum', phi },
          `layers ${spec.layers}`,
        );
      }
    });

    for (const [i, problem] of perceptrons.entries()) {
      test(`meta-gradient on ${nameOf(problem)}, whose every step sees other digits: that of fp64 differences`, async () => {
        const spec = lstmSpec({ layers: [1], preprocess: i === 0 ? deepmind : { name: 'none' }, outputScale: 0.1 });
        const phi = randomPhi(spec, 0.5);
        const one = { spec, problem, functions: 2, steps: 3, metaLoss: 'sum-and-final', phi } as const;
        await checkUnrolls(engine, secondDerivatives, one, nameOf(problem));
      });
    }

    for (const [i, [title, optimizer, problem]] of composites.entries()) {
      if (isBlockwise(optimizer) && !blocks) {
        test(`${title}: refused, with what to do`, async () => {
          const refused = { code: 'unsupported', message: /over: "(all|kernel)" runs only on the tfjs engine/ };
          await assert.rejects(engine.openEpisode(optimizer, draw(problem, 1)), refused);
        });
        continue;
      }

      test(`${title}: closed loop and meta-gradient are those of fp64`, async () => {
        const fresh = initialise(optimizer, problem, seedOf(problem));
        const batch = draw(problem, 2);
        const episode = await engine.openEpisode(optimizer, batch);
        const losses = await episode.advance(fresh, 20);
        episode.dispose();
        closeLosses(losses, optimizer, fresh, batch, 20, `${title}, closed loop`);
        const rule = optimizer.name === 'groups' && optimizer.groups.some((group) => group.optimizer.name !== 'lstm');
        // Rules, and convolutional networks, have no exact ones.
        const modes = rule || problem.name === 'shapes' ? (['dropped'] as const) : secondDerivatives;
        const one = {
          spec: optimizer,
          problem,
          functions: 2,
          steps: 3,
          metaLoss: metaLosses[i % metaLosses.length]!,
          phi: randomPhi(optimizer, 0.5, problem, seedOf(problem)),
        };
        await checkUnrolls(engine, modes, one, title);
      });

      test(`${title}: a state is saved and restored bit for bit`, async () => {
        const phi = randomPhi(optimizer, 0.5, problem, seedOf(problem));
        await checkStates(engine, optimizer, phi, draw(problem, 2));
      });
    }

    test('open loop, blocks of several coordinates: 1e-4 at any T up to 200', async () => {
      if (!blocks) {
        const refused = { code: 'unsupported', message: /over: "all" runs only on the tfjs engine/ };
        const [spec, phi] = [lstmSpec({ over: 'all' }), new Float32Array(1)];
        await assert.rejects(respond(engine, spec, phi, new Float32Array(3), 1, 3), refused);
        return;
      }
      for (const [, spec] of architectures) {
        const blockwise = { ...spec, over: 'all' } as const;
        for (const [width, n] of [
          [2, 1],
          [5, 3],
        ] as const) {
          const problem = { name: 'parabola', dimension: width } as const;
          await checkOpenLoop(engine, blockwise, randomPhi(blockwise, 0.5, problem), n, `width ${width}`, width);
        }
      }
    });

    test('every rule that a group may have moves its parameters as it does by itself, bit for bit', async () => {
      const names = [
        'sgd',
        'momentum',
        'nag',
        'rmsprop',
        'adagrad',
        'adam',
        'adamw',
        'nadamw',
        'lion',
        'muon',
      ] as const;
      const learned = group('learned', ['x_1'], lstmSpec({ layers: [2], outputScale: 0.1 }));
      const problem = { name: 'simple-multi', dimension: 3 } as const;
      for (const name of names) {
        const optimizer = groups(learned, group('rule', ['*'], { name, learningRate: 0.1 } as GroupRule));
        const spec = parseJobSpec({ kind: 'metatrain', problem, optimizer });
        if (spec.kind !== 'metatrain' || spec.optimizer.name !== 'groups') throw new Error('unreachable');
        const rule = spec.optimizer.groups[1]!.optimizer as GroupRule;
        const batch = draw(problem, 2);
        const episode = await engine.openEpisode(spec.optimizer, batch);
        await episode.advance(randomPhi(spec.optimizer, 0.5, problem), 10);
        const { theta } = await episode.state();
        episode.dispose();
        const single = Float32Array.of(1);
        const state = ruleOf(rule).init(1);
        const update = new Float32Array(1);
        for (let t = 0; t < 10; t++) {
          ruleOf(rule).update(
            rule,
            single.map((x) => 2 * x),
            state,
            update,
            single,
            [],
          );
          single[0]! += update[0]!;
        }
        const [x] = single;
        assert.deepEqual([theta[0], theta[2], theta[3], theta[5]], [x, x, x, x], name);
      }
    });

    test('Muon in a group takes fp64’s steps for the matrices that it has, as the problem shapes them', async () => {
      const rule = {
        name: 'muon',
        learningRate: 0.05,
        momentum: 0.9,
        vectorRate: 1,
        beta1: 0.9,
        beta2: 0.95,
        epsilon: 1e-8,
        weightDecay: 0.1,
      } as const;
      for (const [weights, problem] of [
        [['layer1/weights', 'layer2/weights'], perceptrons[1]!],
        [['conv1/weights', 'conv2/weights'], convNets[0]!],
      ] as const) {
        const optimizer = groups(
          group('learned', ['*'], lstmSpec({ layers: [2], outputScale: 0.1 })),
          group('matrices', [...weights], rule),
        );
        const phi = randomPhi(optimizer, 0.5, problem, seedOf(problem));
        const batch = draw(problem, 2);
        await checkMuon(engine, optimizer, phi, batch, rule, weights);
      }
    });

    test('random groups', async () => {
      const u = uniform(seed + 2);
      const int = (low: number, high: number) => low + Math.floor(u() * (high - low + 1));
      const one = <T>(values: readonly T[]): T => values[int(0, values.length - 1)]!;
      for (let i = 0; i < 8; i++) {
        const dimension = int(2, 6);
        const count = int(1, Math.min(3, dimension));
        // Each group has at least one parameter; the first has a network.
        const owners = Array.from({ length: dimension }, (_, p) => (p < count ? p : int(0, count - 1)));
        const all = Array.from({ length: count }, (_, g) =>
          group(
            `g${g}`,
            owners.flatMap((owner, p) => (owner === g ? [`x_${p}`] : [])),
            g > 0 && u() < 0.4
              ? one(rules)
              : lstmSpec({
                  layers: Array.from({ length: int(0, 2) }, () => int(1, 4)),
                  over: blocks ? one(['coordinate', 'all']) : 'coordinate',
                  inputProjection: one([null, 2]),
                  preprocess: one([{ name: 'none' }, paper, deepmind]),
                  outputScale: 0.1,
                }),
          ),
        );
        const problem = { name: 'simple-multi', dimension } as const;
        const optimizer = groups(...all);
        const learned = all.every((g) => g.optimizer.name === 'lstm');
        await checkUnrolls(
          engine,
          learned ? secondDerivatives : ['dropped'],
          {
            spec: optimizer,
            problem,
            functions: int(1, 3),
            steps: int(1, 3),
            metaLoss: 'sum-and-final',
            objective: one(['loss', 'log', 'relative']),
            phi: randomPhi(optimizer, 0.5, problem, seed + i),
          },
          `case ${i}: ${JSON.stringify(all)}`,
        );
      }
    });

    for (const [i, [title, spec]] of architectures.entries())
      test(`given gradients and derivatives, ${title}: the updates are those of fp64, the backward pass that of its differences`, async () => {
        const problem = problems[(i + 2) % problems.length]!;
        await checkSlopes(engine, spec, problem, randomPhi(spec, 0.5), title);
      });

    for (const [title, optimizer, problem] of composites.filter(([, optimizer]) => blocks || !isBlockwise(optimizer)))
      test(`given gradients and derivatives, ${title}: the same, and rules stand still`, async () => {
        const phi = randomPhi(optimizer, 0.5, problem, seedOf(problem));
        await checkSlopes(engine, optimizer, problem, phi, title);
      });

    for (const objective of ['log', 'relative'] as const)
      for (const [i, problem] of problems.slice(1).entries())
        test(`meta-gradient of ${objective} losses on ${nameOf(problem)}, each function's own: that of fp64 differences`, async () => {
          // Functions of 3 coordinates share a vector; the last are many coordinates to few functions.
          const spec = lstmSpec({ layers: [4], preprocess: i === 0 ? deepmind : { name: 'none' }, outputScale: 0.1 });
          const phi = randomPhi(spec, 0.5);
          const one = { spec, problem, functions: 5, steps: 3, metaLoss: 'sum-and-final', objective, phi } as const;
          await checkUnrolls(engine, secondDerivatives, one, `${objective}, ${nameOf(problem)}`);
        });

    test('meta-gradient on a convolutional network: that of fp64 differences', async () => {
      const spec = lstmSpec({ layers: [1], preprocess: deepmind, outputScale: 0.1 });
      const one = { spec, problem: convNets[0]!, functions: 2, steps: 3, metaLoss: 'sum-and-final' } as const;
      await checkUnrolls(engine, ['dropped'], { ...one, phi: randomPhi(spec, 0.5, convNets[0]!) }, 'shapes');
    });

    test('random shapes and options', async () => {
      const u = uniform(seed);
      const int = (low: number, high: number) => low + Math.floor(u() * (high - low + 1));
      const one = <T>(values: readonly T[]): T => values[int(0, values.length - 1)]!;
      for (let i = 0; i < 12; i++) {
        const spec = lstmSpec({
          layers: Array.from({ length: int(0, 3) }, () => int(1, 6)),
          inputProjection: one([null, int(1, 5)]),
          preprocess: one([
            { name: 'none' },
            { name: 'log-sign-paper', p: int(1, 12) },
            { name: 'log-sign-deepmind', k: int(1, 8) },
          ]),
          outputScale: one([1, 0.1, 0.037]),
        });
        const dimension = int(1, 5);
        const problem = one<ProblemSpec>([
          { name: 'parabola', dimension },
          { name: 'quadratic', dimension, distribution: 'uniform' },
          { name: 'quadratic', dimension, distribution: 'normal' },
        ]);
        const steps = int(1, 4);
        const metaLoss = one<TrainingSpec['metaLoss']>([
          'sum',
          'sum-and-final',
          'final',
          Array.from({ length: steps + 1 }, u),
        ]);
        const testCase = {
          spec,
          problem,
          functions: int(1, 4),
          steps,
          metaLoss,
          phi: randomPhi(spec, 0.5, problem, seed + i),
        };
        const { phi: _, ...shown } = testCase;
        await checkUnrolls(engine, secondDerivatives, testCase, `case ${i}: ${JSON.stringify(shown)}`);
      }
    });

    test('a state is saved and restored bit for bit, and unrolls repeat', async () => {
      const spec = architectures[5]![1];
      await checkStates(engine, spec, randomPhi(spec, 0.5), draw(problems[3]!, 2));
    });
  });
}
