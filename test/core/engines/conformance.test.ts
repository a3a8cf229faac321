import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { before, describe, it } from 'node:test';
import { countNetworkWeights } from '../../../src/contract/limits.js';
import type { GroupRule, GroupSpec, LearnedSpec, LstmSpec } from '../../../src/contract/optimizers.js';
import type { ShapesSpec } from '../../../src/contract/problems/shapes.js';
import { type ProblemSpec, partsOf } from '../../../src/contract/problems.js';
import type { TrainingSpec } from '../../../src/contract/training.js';
import { parseJobSpec } from '../../../src/contract/validate.js';
import type { Engine } from '../../../src/core/engines/engine.js';
import { createNativeEngine } from '../../../src/core/engines/native/engine.js';
import { createTfjsEngine } from '../../../src/core/engines/tfjs/engine.js';
import { initialise } from '../../../src/core/learned/initialise.js';
import { MetaTraining } from '../../../src/core/metatrain/metatrain.js';
import { ruleOf } from '../../../src/core/optimizers/registry.js';
import { type FunctionBatch, sampleFunctions } from '../../../src/core/problems/batch.js';
import { Purpose } from '../../../src/core/random/random.js';
import { makeShapes } from '../../../src/data/shapes.js';
import {
  droppedMetaLoss,
  lossWeights,
  type MetaProblem,
  metaLoss,
  relativeError,
} from '../../reference/meta-gradient.js';
import { partsOf as partsOfOptimizer } from '../../reference/optimizer.js';
import { type FunctionData, gradient, observed, value } from '../../reference/problems.js';
import { openLoopUpdates, referenceUnroll } from '../../reference/unroll.js';
import { nativeMissing, stepByStep } from '../../support/native.js';
import { madeUpDigits } from '../made-up-digits.js';
import { lstmSpec, normal, testSeed, uniform } from '../weights/samples.js';
import { functionsOf, hiddenOf, optimizerOf, startsAt, startsOf } from './reference.js';

/**
 * What every engine must do, measured against the fp64 reference. Errors are normwise. The tfjs backends share one
 * process-wide setting, so an engine is made when its turn comes, and not before.
 */
const engines: {
  name: string;
  create: () => Promise<Engine>;
  allocations: () => number;
  secondDerivatives: TrainingSpec['secondDerivatives'][];
  /** Whether it has networks over more than one coordinate at a time. */
  blocks: boolean;
  /** Why it cannot be tested here. */
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
    // Between calls it keeps nothing but its working memory.
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

const seed = testSeed();
console.log(`seed ${seed}`);

/** Weights drawn from N(0, scale² / fan-in), biases from N(0, scale²). */
function randomPhi(
  spec: LearnedSpec,
  scale: number,
  problem: ProblemSpec = { name: 'simple' },
  from = seed,
): Float32Array {
  const draw = normal(from);
  const phi = initialise(spec, problem, from);
  return phi.map((w) => scale * (w === 0 ? 0.3 * draw() : w));
}

const problems: ProblemSpec[] = [
  { name: 'simple' },
  { name: 'simple-multi', dimension: 3 },
  { name: 'parabola', dimension: 3 },
  { name: 'quadratic', dimension: 3, distribution: 'uniform' },
  { name: 'quadratic', dimension: 5, distribution: 'normal' },
];
/** Of the digits' 784 pixels, so one unit has 795 coordinates already: as small as it can be where fp64 follows. */
const perceptrons: ProblemSpec[] = [
  { name: 'mnist', hidden: [1], activation: 'sigmoid', batch: 4, examples: null },
  { name: 'mnist', hidden: [1, 2], activation: 'tanh', batch: 3, examples: null },
];
const widePerceptrons: ProblemSpec[] = [
  { name: 'mnist', hidden: [], activation: 'relu', batch: 1, examples: null },
  { name: 'mnist', hidden: [20], activation: 'sigmoid', batch: 37, examples: null },
  { name: 'mnist', hidden: [33, 7], activation: 'tanh', batch: 5, examples: 11 },
  { name: 'mnist', hidden: [3, 17, 16, 5], activation: 'relu', batch: 16, examples: null },
];
/** Of random sizes, anew with each seed. */
const drawSize = uniform(seed + 2);
const size = (low: number, high: number) => low + Math.floor(drawSize() * (high - low + 1));
const testFunctions: ProblemSpec[] = [
  { name: 'logistic', features: size(1, 6), examples: size(2, 20), l2: drawSize() },
  { name: 'rosenbrock', dimension: size(2, 6), steepness: 100 },
  { name: 'rastrigin', dimension: size(1, 6), alpha: 10 * drawSize() },
  { name: 'ackley', dimension: size(1, 6) },
  { name: 'lasso', rows: size(1, 6), columns: size(1, 6), l1: drawSize() },
];
const isTestFunction = (problem: ProblemSpec) => testFunctions.includes(problem);
/** Of other problems, one within the other. */
const composed: ProblemSpec[] = [
  { name: 'rescaled', range: 1.5, problem: { name: 'quadratic', dimension: 4, distribution: 'normal' } },
  { name: 'noisy', deviation: 0.5, problem: { name: 'parabola', dimension: 3 } },
  {
    name: 'noisy',
    deviation: 0.3,
    problem: {
      name: 'ensemble',
      members: [
        { weight: 0.5, problem: { name: 'rescaled', range: 1, problem: { name: 'parabola', dimension: 2 } } },
        { weight: 2, problem: { name: 'noisy', deviation: 1, problem: { name: 'simple' } } },
        { weight: 1, problem: { name: 'quadratic', dimension: 2, distribution: 'uniform' } },
      ],
    },
  },
];
/** The first has 60 coordinates, few enough for meta-gradients in fp64. */
const convNets = [
  { side: 8, channels: [2, 2], kernel: 1, hidden: [3], batchNorm: true, batch: 4, classes: [0, 1, 2] },
  { side: 8, channels: [3, 2], kernel: 3, hidden: [4], batchNorm: true, batch: 5, classes: [0, 1, 2, 3, 4, 5, 6, 7] },
  { side: 8, channels: [5], kernel: 7, hidden: [6], batchNorm: false, batch: 17, classes: [0, 1, 2, 3, 4, 5, 6, 7] },
  // The third layer's pictures are of 2 × 2, the fourth's of one pixel; classes are renamed 0, 1, 2.
  { side: 8, channels: [2, 2, 3, 2], kernel: 5, hidden: [3, 4], batchNorm: true, batch: 5, classes: [4, 1, 6] },
  { side: 8, channels: [17, 9], kernel: 3, hidden: [], batchNorm: true, batch: 2, classes: [7, 0] },
].map((net) => ({ name: 'shapes', ...net }) as ShapesSpec);
const paper = { name: 'log-sign-paper', p: 10 } as const;
const deepmind = { name: 'log-sign-deepmind', k: 5 } as const;
const architectures: [title: string, spec: LstmSpec][] = [
  ['no layer', lstmSpec({ layers: [] })],
  ['no layer, log-and-sign', lstmSpec({ layers: [], preprocess: deepmind })],
  ['no layer, projected', lstmSpec({ layers: [], inputProjection: 4, preprocess: paper, outputScale: 0.1 })],
  ['one unit', lstmSpec({ layers: [1] })],
  ['[5, 3, 4], projected to 7', lstmSpec({ layers: [5, 3, 4], inputProjection: 7 })],
  ['[5, 3, 4], log-and-sign', lstmSpec({ layers: [5, 3, 4], preprocess: paper, outputScale: 0.1 })],
  ['[20, 20]', lstmSpec({ layers: [20, 20] })],
  ['[20, 20], projected to 20', lstmSpec({ layers: [20, 20], inputProjection: 20 })],
  ['[20, 20], DeepMind’s for MNIST', lstmSpec({ layers: [20, 20], preprocess: deepmind, outputScale: 0.01 })],
  ['[17], an odd size', lstmSpec({ layers: [17], inputProjection: 3, preprocess: deepmind, outputScale: 0.1 })],
];

const group = (name: string, parameters: string[], optimizer: GroupSpec['optimizer']): GroupSpec => ({
  name,
  parameters,
  optimizer,
});
const overKernels = (fields: Partial<LstmSpec>): LstmSpec => ({ ...lstmSpec(fields), over: 'kernel' });
const groups = (...all: GroupSpec[]): LearnedSpec => ({ name: 'groups', groups: all });
const rules: Extract<GroupRule, { name: 'sgd' | 'momentum' | 'adam' }>[] = [
  { name: 'sgd', learningRate: 0.1 },
  { name: 'momentum', learningRate: 0.05, momentum: 0.8 },
  { name: 'adam', learningRate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
];
/** Kernels whose rows, columns, inputs and outputs differ in number. */
const shapesNet: ProblemSpec = {
  name: 'shapes',
  side: 8,
  channels: [2, 3],
  kernel: 3,
  hidden: [],
  batchNorm: false,
  batch: 2,
  classes: [0, 4],
};
/** Optimizers whose networks see several coordinates at a time, or of which there are several. */
const composites: [title: string, optimizer: LearnedSpec, problem: ProblemSpec][] = [
  [
    'all coordinates at once',
    lstmSpec({ over: 'all', layers: [4], preprocess: paper, outputScale: 0.1 }),
    { name: 'quadratic', dimension: 4, distribution: 'normal' },
  ],
  [
    'all coordinates at once, linear',
    lstmSpec({ over: 'all', layers: [], inputProjection: 3, outputScale: 0.1 }),
    { name: 'parabola', dimension: 3 },
  ],
  [
    'DeepMind’s simple-multi: a network and Adam',
    groups(group('cw', ['x_0'], lstmSpec({ layers: [] })), group('adam', ['x_1'], rules[2]!)),
    { name: 'simple-multi', dimension: 2 },
  ],
  [
    'two networks and two rules on parameters between each other’s',
    groups(
      group('odd', ['x_1', 'x_3'], lstmSpec({ layers: [3], preprocess: deepmind, outputScale: 0.1 })),
      group('rest', ['*'], lstmSpec({ layers: [2, 2], inputProjection: 2 })),
      group('m', ['x_2'], rules[1]!),
      group('s', ['x_5'], rules[0]!),
    ),
    { name: 'simple-multi', dimension: 7 },
  ],
  [
    'a network over all of its group, another coordinate by coordinate',
    groups(
      group('some', ['x_4', 'x_0', 'x_2'], lstmSpec({ over: 'all', layers: [3], preprocess: paper, outputScale: 0.1 })),
      group('rest', ['x_3', 'x_1'], lstmSpec({ layers: [2] })),
    ),
    { name: 'simple-multi', dimension: 5 },
  ],
  [
    'a network and a rule for each member of an ensemble',
    groups(
      group('second', ['member2/*'], lstmSpec({ layers: [2], outputScale: 0.1 })),
      group('first', ['member1/x'], rules[2]!),
    ),
    {
      name: 'ensemble',
      members: [
        { weight: 0.5, problem: { name: 'noisy', deviation: 0.3, problem: { name: 'parabola', dimension: 2 } } },
        { weight: 2, problem: { name: 'quadratic', dimension: 3, distribution: 'normal' } },
      ],
    },
  ],
  [
    'a network over the kernels of two convolutions, and another for the rest',
    groups(
      group('conv', ['conv1/weights', 'conv2/weights'], overKernels({ layers: [2], outputScale: 0.1 })),
      group('rest', ['*'], lstmSpec({ layers: [1], preprocess: deepmind, outputScale: 0.1 })),
    ),
    shapesNet,
  ],
  [
    'a network over kernels, beside a rule',
    groups(
      group(
        'conv',
        ['conv1/weights', 'conv2/weights'],
        overKernels({ layers: [1], preprocess: paper, outputScale: 0.1 }),
      ),
      group('rest', ['*'], rules[1]!),
    ),
    shapesNet,
  ],
  [
    'weights and biases of a perceptron',
    groups(
      group('weights', ['layer1/weights', 'layer2/weights'], lstmSpec({ layers: [1], outputScale: 0.1 })),
      group('biases', ['*'], lstmSpec({ layers: [], preprocess: deepmind, outputScale: 0.1 })),
    ),
    perceptrons[1]!,
  ],
];
const isBlockwise = (optimizer: LearnedSpec): boolean =>
  optimizer.name === 'groups'
    ? optimizer.groups.some((group) => group.optimizer.name === 'lstm' && isBlockwise(group.optimizer))
    : optimizer.over !== 'coordinate';

const metaLosses: TrainingSpec['metaLoss'][] = ['sum', 'sum-and-final', 'final', [0.5, 0, 2, 1]];

const nameOf = (p: ProblemSpec): string => {
  if (p.name === 'quadratic') return `${p.name} ${p.distribution}`;
  if (p.name === 'mnist') return `${p.name} [${p.hidden}] ${p.activation}`;
  if (p.name === 'shapes') return `${p.name} [${p.channels}] ${p.kernel}×${p.kernel} [${p.hidden}]`;
  const parts: string[] = partsOf(p).map(nameOf);
  return parts.length > 0 ? `${p.name} (${parts.join(', ')})` : p.name;
};
const datasets = { ...madeUpDigits(seed), 'shapes-8': await makeShapes(8) };
/** A convolutional network's values must not lie where rounding takes them over a kink: its seed is fixed. */
const seedOf = (problem: ProblemSpec) => (problem.name === 'shapes' ? 1 : seed);
const draw = (problem: ProblemSpec, count: number, first = 0) =>
  sampleFunctions(problem, seedOf(problem), Purpose.training, first, count, datasets);

/** How large the coordinates are where a problem is evaluated, and how far off the result may be. */
function accuracyOf(problem: ProblemSpec): [spread: number, tolerance: number] {
  // Sums of hundreds of pixels are rounded oftener, and weights as large would saturate every unit.
  if (problem.name === 'mnist') return [0.2, 3e-6];
  // Normalisation takes a mean off each value that may be many times the value's deviation from it.
  if (problem.name === 'shapes') return [0.4, 2e-5];
  return isTestFunction(problem) ? [1, 3e-6] : [3, 1e-6];
}

/**
 * The functions of a batch where every gradient is off by what `evaluates` allows of an engine's. Where fp64 on them is
 * further from fp64 than a tolerance, the drawn case is ill-conditioned (a gradient near 0 under a logarithm, a sum that
 * cancels), and no more can be asked of fp32.
 */
function roundedFunctions(batch: FunctionBatch): FunctionData[] {
  const [, error] = accuracyOf(batch.problem);
  const size = batch.dimension;
  return functionsOf(batch).map((inner, b) => ({
    name: 'rounded',
    inner,
    errors: (step) => {
      const sample = normal(seed + 7919 * step + b);
      return {
        theta: Array.from({ length: size }, () => error * sample()),
        gradient: Array.from({ length: size }, () => (error * sample()) / Math.sqrt(size)),
      };
    },
  }));
}

/** @param rounded the expected values of `roundedFunctions`: as far as they are off, so may the actual ones be */
function close(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what: string,
  rounded?: () => ArrayLike<number>,
) {
  const error = relativeError(actual, expected);
  if (error <= tolerance) return;
  const allowed = rounded ? Math.max(tolerance, relativeError(rounded(), expected)) : tolerance;
  assert.ok(error <= allowed, `${what}: off by ${error.toExponential(2)}, at most ${allowed} (seed ${seed})`);
}

/** f(θ_t) [steps + 1, B] of the reference, and where it ends. */
function reference(
  spec: LearnedSpec,
  phi: Float32Array,
  batch: FunctionBatch,
  steps: number,
  starts = startsOf(optimizerOf(spec, batch.problem), batch),
  functions = functionsOf(batch),
) {
  const optimizer = optimizerOf(spec, batch.problem);
  const unrolls = functions.map((f, b) => referenceUnroll(optimizer, [...phi], f, starts[b]!, steps));
  const losses = Array.from({ length: steps + 1 }, (_, t) => unrolls.map((u) => u.losses[t]!)).flat();
  return { losses, ends: unrolls.map((u) => u.end) };
}

/** Holds the losses of a closed loop against those of fp64. */
function closeLosses(
  actual: Float32Array,
  spec: LearnedSpec,
  phi: Float32Array,
  batch: FunctionBatch,
  steps: number,
  what: string,
) {
  const rounded = () => reference(spec, phi, batch, steps, undefined, roundedFunctions(batch)).losses;
  close(actual, reference(spec, phi, batch, steps).losses, 1e-4, what, rounded);
}

/** Holds a meta-gradient against central differences of the fp64 meta-loss. */
function closeMetaGradient(
  actual: Float32Array,
  problem: MetaProblem,
  rounded: FunctionData[],
  phi: Float32Array,
  mode: TrainingSpec['secondDerivatives'],
  tolerance: number,
  what: string,
) {
  const lossOf = (problem: MetaProblem) =>
    mode === 'exact' ? (p: readonly number[]) => metaLoss(problem, p) : droppedMetaLoss(problem, [...phi]);
  closeGradient(actual, lossOf(problem), phi, tolerance, what, () => lossOf({ ...problem, functions: rounded }));
}

type Loss = (phi: readonly number[]) => number;

/**
 * Holds a gradient against central differences of its fp64 loss: each weight's where they are few; else along the gradient
 * itself and random directions, of which an error would have to be orthogonal to all.
 * @param rounded the loss on `roundedFunctions`
 */
function closeGradient(
  actual: Float32Array,
  loss: Loss,
  phi: Float32Array,
  tolerance: number,
  what: string,
  rounded?: () => Loss,
) {
  const base = [...phi];
  // The step is short, since log-and-sign has kinks that a difference must not straddle.
  const slope = (of: Loss, v: ArrayLike<number>, h = 1e-7) => {
    const [above, below] = [h, -h].map((d) => of(base.map((w, i) => w + d * v[i]!)));
    return (above! - below!) / (2 * h);
  };
  if (base.length <= 60) {
    const unit = (i: number) => base.map((_, j) => (i === j ? 1 : 0));
    const differences = (of: Loss) => base.map((_, i) => slope(of, unit(i)));
    close(actual, differences(loss), tolerance, what, rounded && (() => differences(rounded())));
    return;
  }
  // One step whose last loss does not count has a gradient of 0, and then so are the slopes.
  const norm = Math.hypot(...actual) || 1;
  const sample = normal(seed + 1);
  const directions = [[...actual], ...Array.from({ length: 8 }, () => base.map(() => sample()))];
  for (const direction of directions) {
    // Of a unit vector's slope the error is at most that of the gradient; random ones see a typical share of it.
    const length = Math.hypot(...direction) || 1;
    const v = direction.map((x) => x / length);
    const along = v.reduce((sum, x, i) => sum + x * actual[i]!, 0);
    const expected = slope(loss, v);
    const error = Math.abs(along - expected) / norm;
    if (error <= tolerance) continue;
    const allowed = rounded ? Math.max(tolerance, Math.abs(slope(rounded(), v) - expected) / norm) : tolerance;
    assert.ok(error <= allowed, `${what}: a slope off by ${error.toExponential(2)}, at most ${allowed} (seed ${seed})`);
  }
}

interface GradientCase {
  spec: LearnedSpec;
  problem: ProblemSpec;
  functions: number;
  steps: number;
  metaLoss: TrainingSpec['metaLoss'];
  objective?: TrainingSpec['objective'];
  phi: Float32Array;
}

/** Two unrolls, one going on from the other: losses, both kinds of meta-gradient, and the state after each. */
async function checkUnrolls(
  engine: Engine,
  modes: readonly TrainingSpec['secondDerivatives'][],
  { spec, problem, functions, steps, metaLoss, objective = 'loss', phi }: GradientCase,
  what: string,
) {
  const batch = draw(problem, functions);
  const weights = lossWeights(metaLoss, steps);
  const optimizer = optimizerOf(spec, problem);
  const [exact, rounded] = [functionsOf(batch), roundedFunctions(batch)];
  for (const secondDerivatives of modes) {
    const episode = await engine.openEpisode(spec, batch);
    let starts = startsOf(optimizer, batch);
    let initial: Float32Array | null = null;
    for (const part of ['first', 'second']) {
      const title = `${what}, ${secondDerivatives}, ${part} unroll`;
      const options = { steps, weights, secondDerivatives, objective: { name: objective, initial } };
      const { losses, gradient } = await episode.unroll(phi, options);
      const expected = reference(spec, phi, batch, steps, starts, exact);
      const from = starts;
      const off = () => reference(spec, phi, batch, steps, from, rounded);
      close(losses, expected.losses, 1e-4, `${title}, losses`, () => off().losses);
      const before = initial ? [...initial] : undefined;
      const meta: MetaProblem = {
        optimizer,
        functions: exact,
        starts,
        weights,
        objective,
        initial: before,
      };
      initial ??= losses.slice(0, functions);
      // Exact derivatives of log-and-sign divide by gradients that may have come near 0.
      const tolerance = secondDerivatives === 'exact' ? 1e-3 : 1e-4;
      closeMetaGradient(gradient, meta, rounded, phi, secondDerivatives, tolerance, `${title}, meta-gradient`);
      const state = await episode.state();
      const theta = ({ ends }: typeof expected) => ends.flatMap((end) => end.theta);
      close(state.theta, theta(expected), 1e-4, `${title}, θ`, () => theta(off()));
      const hidden = ({ ends }: typeof expected) => hiddenOf(optimizer, ends);
      close(state.hidden, hidden(expected), 1e-4, `${title}, h and c`, () => hidden(off()));
      // The next part is measured from where the engine stands: errors of the parts do not add up.
      starts = startsAt(optimizer, state, functions);
    }
    episode.dispose();
  }
}

/** Weights of a short training: their updates depend on h, as fresh ones' do little. */
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

/** How far the losses of a closed loop are from the reference's. */
async function distance(engine: Engine, spec: LstmSpec, phi: Float32Array): Promise<number> {
  const batch = draw(closedLoop.problem, closedLoop.functions, 1000);
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
        const ofExamples = problem.name === 'mnist' || problem.name === 'shapes';
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

    test('closed loop, trained weights: at most 5 times the reference engine’s own distance', async () => {
      for (const [i, { spec, phi }] of trained.entries()) {
        const found = await distance(engine, spec, phi);
        // Below 1e-5 it is rounding, which each engine does in its own order.
        const allowed = Math.max(5 * ownDistance[i]!, 1e-5);
        assert.ok(found <= allowed, `${found}, at most ${allowed} (seed ${seed})`);
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
          const refused = { code: 'unsupported', message: /over: "(all|kernel)" runs on the tfjs engine alone/ };
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

      test(`${title}: a state goes out and comes in bit for bit`, async () => {
        const phi = randomPhi(optimizer, 0.5, problem, seedOf(problem));
        await checkStates(engine, optimizer, phi, draw(problem, 2));
      });
    }

    test('open loop, blocks of several coordinates: 1e-4 at any T up to 200', async () => {
      if (!blocks) {
        const refused = { code: 'unsupported', message: /over: "all" runs on the tfjs engine alone/ };
        const [spec, phi] = [lstmSpec({ over: 'all' }), new Float32Array(1)];
        await assert.rejects(engine.respond(spec, phi, new Float32Array(3), 1, 3), refused);
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

    test('every rule that a group may have moves its parameters as it does alone, bit for bit', async () => {
      const names = ['sgd', 'momentum', 'nag', 'rmsprop', 'adagrad', 'adam', 'adamw', 'lion'] as const;
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
        const alone = Float32Array.of(1);
        const state = ruleOf(rule).init(1);
        const update = new Float32Array(1);
        for (let t = 0; t < 10; t++) {
          ruleOf(rule).update(
            rule,
            alone.map((x) => 2 * x),
            state,
            update,
            alone,
          );
          alone[0]! += update[0]!;
        }
        const [x] = alone;
        assert.deepEqual([theta[0], theta[2], theta[3], theta[5]], [x, x, x, x], name);
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
      test(`given gradients and slopes, ${title}: the updates are those of fp64, the way back that of its differences`, async () => {
        const problem = problems[(i + 2) % problems.length]!;
        await checkSlopes(engine, spec, problem, randomPhi(spec, 0.5), title);
      });

    for (const [title, optimizer, problem] of composites.filter(([, optimizer]) => blocks || !isBlockwise(optimizer)))
      test(`given gradients and slopes, ${title}: the same, and rules stand still`, async () => {
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

    test('a state goes out and comes in bit for bit, and so do unrolls repeat', async () => {
      const spec = architectures[5]![1];
      await checkStates(engine, spec, randomPhi(spec, 0.5), draw(problems[3]!, 2));
    });
  });
}

/** An episode that goes on from a state, and one that goes forward alone, come to the same bits. */
async function checkStates(engine: Engine, spec: LearnedSpec, phi: Float32Array, batch: FunctionBatch) {
  const options = { steps: 4, weights: lossWeights('sum', 4), secondDerivatives: 'dropped' } as const;
  const whole = await engine.openEpisode(spec, batch);
  await whole.unroll(phi, options);
  const state = structuredClone(await whole.state());
  const second = await whole.unroll(phi, options);
  const resumed = await engine.openEpisode(spec, batch, state);
  assert.deepEqual(await resumed.state(), state);
  assert.deepEqual(await resumed.unroll(phi, options), second);
  assert.deepEqual(await resumed.state(), await whole.state());
  // Going forward alone gives the same losses as going forward to go back.
  const forward = await engine.openEpisode(spec, batch, state);
  assert.deepEqual(await forward.advance(phi, 4), second.losses);
  for (const episode of [whole, resumed, forward]) episode.dispose();
}

/** Given gradients: updates, the way back from given slopes, and a state that is carried, or goes out and comes in. */
async function checkSlopes(engine: Engine, spec: LearnedSpec, problem: ProblemSpec, phi: Float32Array, what: string) {
  const batch = draw(problem, 2);
  const { count, dimension: d } = batch;
  const optimizer = optimizerOf(spec, problem);
  const still = new Set(
    partsOfOptimizer(optimizer, d).flatMap(({ optimizer, blocks }) => (optimizer.name === 'lstm' ? [] : blocks.flat())),
  );
  const sample = normal(seed + 3);
  const open = await engine.openLoop(spec, batch);
  // The second goes on from the first, and is longer than what is computed again from one state.
  for (const steps of [3, d > 50 ? 4 : 23]) {
    const size = count * d;
    const observed = Float32Array.from({ length: steps * size }, (_, i) => sample() * Math.exp(-i / size / 5));
    const slopes = observed.map(() => sample());
    const rows = (all: ArrayLike<number>, b: number) =>
      Array.from({ length: steps }, (_, t) => Array.from({ length: d }, (_, i) => all[(t * count + b) * d + i]!));
    const state = structuredClone(await open.state());
    const starts = startsAt(optimizer, { theta: batch.start, ...state }, count);
    const respond = (phi: readonly number[], b: number) =>
      openLoopUpdates(optimizer, phi, rows(observed, b), starts[b]!);
    let updates = new Float32Array(0);
    const gradient = await open.backPropagate(phi, observed, (given) => {
      updates = given.slice();
      return slopes;
    });
    for (let b = 0; b < count; b++) {
      const expected = respond([...phi], b).map((row) => row.map((g, i) => (still.has(i) ? 0 : g)));
      close(rows(updates, b).flat(), expected.flat(), 1e-4, `${what}, ${steps} updates of function ${b}`);
    }
    const dots = (phi: readonly number[], b: number) => {
      const u = rows(slopes, b);
      return respond(phi, b).flatMap((row, t) => row.map((g, i) => g * u[t]![i]!));
    };
    const loss = (phi: readonly number[]) =>
      dots(phi, 0)
        .concat(dots(phi, 1))
        .reduce((a, b) => a + b, 0);
    closeGradient(gradient, loss, phi, 1e-4, `${what}, ${steps} steps`);
    const resumed = await engine.openLoop(spec, batch, state);
    assert.deepEqual(await resumed.backPropagate(phi, observed, () => slopes), gradient);
    assert.deepEqual(await resumed.state(), await open.state());
    resumed.dispose();
  }
  open.dispose();
}

/** @param width coordinates of a block, of which there are n */
async function checkOpenLoop(engine: Engine, spec: LstmSpec, phi: Float32Array, n: number, what: string, width = 1) {
  const sample = normal(seed);
  // Gradients shrink as they do in an optimisation that goes well: log-and-sign sees both of its branches.
  const steps = 200;
  const size = width * n;
  const gradients = Float32Array.from(
    { length: steps * size },
    (_, i) => sample() * Math.exp(-Math.floor(i / size) / 20),
  );
  const rows = Array.from({ length: steps }, (_, t) => [...gradients.slice(t * size, (t + 1) * size)]);
  // Block b has the entries of column b of [width, n].
  const columns = Array.from({ length: n }, (_, b) => Array.from({ length: width }, (_, i) => i * n + b));
  const expected = openLoopUpdates([{ optimizer: spec, blocks: columns }], [...phi], rows).flat();
  const updates = await engine.respond(spec, phi, gradients, n, width);
  assert.equal(phi.length, countNetworkWeights(spec, width));
  for (const T of [1, 2, 20, 100, 200])
    close(updates.subarray(0, T * size), expected.slice(0, T * size), 1e-4, `${what}, T = ${T}`);
}
