import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LstmSpec } from '../../src/contract/networks/lstm.js';
import { lstmSpec, normal, testSeed } from '../weights/samples.js';
import { finiteDifferenceMetaGradient, type MetaProblem, metaLoss, relativeError } from './meta-gradient.js';
import { countOf, initialState, preprocess, step } from './network.js';
import type { Optimizer, Part } from './optimizer.js';
import { type FunctionData, gradient, value } from './problems.js';
import { freshStart, openLoopUpdates, referenceUnroll } from './unroll.js';

const seed = testSeed();
console.log(`seed ${seed}`);
const draw = normal(seed);
const draws = (n: number, scale = 1) => Array.from({ length: n }, () => scale * draw());

const near = (actual: number, expected: number, tolerance = 1e-12) =>
  assert(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected} ± ${tolerance}`);

test('preprocessing, by hand', () => {
  const paper = { name: 'log-sign-paper', p: 10 } as const;
  assert.deepEqual(preprocess(paper, 1), [0, 1]);
  assert.deepEqual(preprocess(paper, -Math.E), [0.1, -1]);
  assert.deepEqual(preprocess(paper, 0), [-1, 0]);
  near(preprocess(paper, -1e-5)[1]!, -0.2202646579480672); // e^10 = 22026.46579480672
  const deepmind = { name: 'log-sign-deepmind', k: 5 } as const;
  near(preprocess(deepmind, Math.E)[0]!, 0.2, 1e-7);
  assert.equal(preprocess(deepmind, Math.E)[1], 1);
  // log(1e-3) / 5 = -1.38 is cut to -1; e^5 = 148.4131591025766.
  assert.equal(preprocess(deepmind, -1e-3)[0], -1);
  near(preprocess(deepmind, -1e-3)[1]!, -0.1484131591025766);
  assert.deepEqual(preprocess(deepmind, 0), [-1, 0]);
});

test('gates, by hand: only biases', () => {
  const spec = lstmSpec({ layers: [1] });
  const third = Math.log(3);
  // σ(0) = 1/2, σ(ln 3) = 3/4, tanh(ln 3 / 2) = 1/2, σ(-ln 3) = 1/4; then the output's kernel 2 and bias 3.
  const phi = [0, 0, 0, 0, 0, 0, 0, 0, 0, third, third / 2, -third, 2, 3];
  const first = step(spec, phi, [5], initialState(spec));
  near(first.state.c[0]![0]!, 1 / 4);
  near(first.update[0]!, 2 * (Math.tanh(1 / 4) / 4) + 3);
  const second = step(spec, phi, [5], first.state);
  near(second.state.c[0]![0]!, (3 / 4) * (1 / 4) + 1 / 4);
});

test('kernel rows, by hand: the layer’s input first, then its previous hidden state', () => {
  const spec = lstmSpec({ layers: [1], inputProjection: 1, outputScale: 0.5 });
  // z_cell = 0.25 x + 8 h, x = 2 g + 0.5; the other gates are σ(0) = 1/2.
  const phi = [2, 0.5, 0, 0, 0.25, 0, 0, 0, 8, 0, 0, 0, 0, 0, 1, 0];
  const first = step(spec, phi, [0.75], initialState(spec));
  const h = Math.tanh(Math.tanh(0.5) / 2) / 2;
  near(first.update[0]!, 0.5 * h);
  const second = step(spec, phi, [0.75], first.state);
  near(second.state.c[0]![0]!, Math.tanh(0.5) / 4 + Math.tanh(0.5 + 8 * h) / 2);
});

test('a block of two coordinates, by hand: logarithms first, then signs, and an update for each', () => {
  const spec = lstmSpec({ over: 'all', layers: [], preprocess: { name: 'log-sign-paper', p: 10 }, outputScale: 0.5 });
  // Inputs of g = (e, -1): log|g| / 10 = 0.1, 0, then sgn g = 1, -1. The kernel [4, 2], row by row, then the bias.
  const phi = [10, 0, 0, 10, 1, 2, 3, 4, 100, 200];
  const { update } = step(spec, phi, [Math.E, -1], initialState(spec));
  near(update[0]!, 0.5 * (10 * 0.1 + 1 - 3 + 100));
  near(update[1]!, 0.5 * (2 - 4 + 200));
  assert.equal(countOf(spec, 2), phi.length);
});

test('groups that f does not couple are independent', () => {
  const [one, two] = [lstmSpec({ layers: [2] }), lstmSpec({ layers: [1], inputProjection: 2 })];
  const adam = { name: 'adam', learningRate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;
  const parts: Part[] = [
    { optimizer: two, blocks: [[1]] },
    { optimizer: adam, blocks: [[3]] },
    { optimizer: one, blocks: [[2], [0]] },
  ];
  const [phiTwo, phiOne] = [draws(countOf(two, 1)), draws(countOf(one, 1))];
  const f: FunctionData = { name: 'simple-multi' };
  const theta = draws(4);
  const together = referenceUnroll(parts, [...phiTwo, ...phiOne], f, freshStart(parts, theta), 5).thetas.at(-1)!;
  const separate = (optimizer: Optimizer, phi: number[], x: number[]) =>
    referenceUnroll(optimizer, phi, f, freshStart(optimizer, x), 5).thetas.at(-1)!;
  const [x0, x2] = separate(one, phiOne, [theta[0]!, theta[2]!]);
  const [x1] = separate(two, phiTwo, [theta[1]!]);
  const [x3] = separate([{ optimizer: adam, blocks: [[0]] }], [], [theta[3]!]);
  assert.deepEqual(together, [x0, x1, x2, x3]);
});

const quadratic = (d: number): FunctionData => ({
  name: 'quadratic',
  W: Array.from({ length: d }, () => draws(d)),
  y: draws(d),
});

test('gradients of the problems are the differences of their values', () => {
  const cases: [FunctionData, number][] = [
    [{ name: 'simple' }, 1],
    [{ name: 'parabola', s: draws(4) }, 4],
    [quadratic(4), 4],
  ];
  for (const [f, d] of cases) {
    const theta = draws(d);
    const differences = theta.map(
      (x, i) => (value(f, theta.with(i, x + 1e-4)) - value(f, theta.with(i, x - 1e-4))) / 2e-4,
    );
    // A central difference of a quadratic is exact up to rounding.
    assert(relativeError(gradient(f, theta), differences) < 1e-9, f.name);
  }
  near(
    value(
      {
        name: 'quadratic',
        W: [
          [1, 2],
          [3, 4],
        ],
        y: [5, 6],
      },
      [1, -1],
    ),
    (-1 - 5) ** 2 + (-1 - 6) ** 2,
  );
});

test('the classical test functions: gradients are differences of values, and the minima are at the known points', () => {
  const matrix = (rows: number, columns: number) => Array.from({ length: rows }, () => draws(columns));
  const cases: [FunctionData, number][] = [
    [{ name: 'logistic', X: matrix(7, 3), y: [0, 0, 0, 1, 1, 1, 1], l2: 0.3 }, 4],
    [{ name: 'rosenbrock', o: draws(4), a: [100, 50, 70] }, 4],
    [{ name: 'rastrigin', A: matrix(3, 3), b: draws(3), c: draws(3), alpha: 10 }, 3],
    [{ name: 'ackley', o: draws(3) }, 3],
    [{ name: 'lasso', A: matrix(2, 4), b: draws(2), l1: 0.7 }, 4],
  ];
  for (const [f, d] of cases) {
    const theta = draws(d);
    const differences = theta.map(
      (x, i) => (value(f, theta.with(i, x + 1e-6)) - value(f, theta.with(i, x - 1e-6))) / 2e-6,
    );
    assert(relativeError(gradient(f, theta), differences) < 1e-6, f.name);
  }
  // f = 0 and ∇f = 0 at the shifted minima.
  const o = draws(3);
  const shifted: FunctionData[] = [
    { name: 'rosenbrock', o, a: [100, 90] },
    { name: 'ackley', o },
  ];
  for (const f of shifted) {
    near(value(f, o), 0);
    for (const derivative of gradient(f, o)) near(derivative, 0);
  }
  // Rosenbrock's own, with o = 1: f(-1.2, 1) = 100 (1 - 1.44)² + 2.2².
  near(value({ name: 'rosenbrock', o: [1, 1], a: [100] }, [-1.2, 1]), 24.2);
  // With A = 1, b = 0, c = 1 the usual Rastrigin: 0 at 0, and 1.5² + 20 at 1.5.
  const usual: FunctionData = { name: 'rastrigin', A: [[1]], b: [0], c: [1], alpha: 10 };
  near(value(usual, [0]), 0);
  near(value(usual, [1.5]), 22.25);
  // Ackley's at (1, 0): -20 e^(-0.2/√2) - e + 20 + e.
  near(value({ name: 'ackley', o: [0, 0] }, [1, 0]), 20 * (1 - Math.exp(-0.2 / Math.SQRT2)));
  // Without weights each example is as likely as not.
  near(value({ name: 'logistic', X: [[1], [2]], y: [0, 1], l2: 1 }, [0, 0]), Math.LN2);
  near(value({ name: 'lasso', A: [[1, 2]], b: [3], l1: 0.5 }, [1, -1]), 0.5 * 16 + 1);
});

test('the gradient of a perceptron is the difference of its values, and its loss at θ = 0 is known', () => {
  const images = Array.from({ length: 3 }, (_, i) => ({ pixels: draws(4).map(Math.abs), label: i }));
  const off = images[0]!.pixels.map((x) => (x - 0.5) ** 2 / 4).reduce((a, b) => a + b);
  const atZero = { 'cross-entropy': Math.log(4), 'squared-error': 1, reconstruction: off } as const;
  for (const loss of ['cross-entropy', 'squared-error', 'reconstruction'] as const)
    for (const hidden of [[], [3], [3, 2]])
      for (const activation of ['sigmoid', 'tanh', 'relu', 'gelu'] as const) {
        const widths = [4, ...hidden, 4];
        // Other images at each step.
        const f: FunctionData = {
          name: 'perceptron',
          network: { widths, activation, loss },
          batch: (step) => images.slice(step, step + 2),
        };
        const alone: FunctionData = { ...f, batch: () => [images[0]!] };
        const d = widths.slice(1).reduce((sum, outputs, l) => sum + (widths[l]! + 1) * outputs, 0);
        near(value(alone, new Array(d).fill(0)), atZero[loss]);
        const theta = draws(d);
        for (const step of [0, 1]) {
          const differences = theta.map(
            (x, i) => (value(f, theta.with(i, x + 1e-5), step) - value(f, theta.with(i, x - 1e-5), step)) / 2e-5,
          );
          const what = `${loss}, ${activation}, hidden ${hidden}`;
          assert(relativeError(gradient(f, theta, step), differences) < 1e-7, what);
        }
      }
});

test('softmax cross-entropy, by hand', () => {
  // A single bias: z = (ln 3, 0, …): p_0 = 3/12, p_1 = 1/12.
  const theta = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, Math.log(3), 0, 0, 0, 0, 0, 0, 0, 0, 0];
  const f = (label: number): FunctionData => ({
    name: 'perceptron',
    network: { widths: [1, 10], activation: 'relu', loss: 'cross-entropy' },
    batch: () => [{ pixels: [0.5], label }],
  });
  near(value(f(0), theta), Math.log(4));
  near(value(f(1), theta), Math.log(12));
  near(gradient(f(1), theta)[0]!, 0.5 * (1 / 4));
  near(gradient(f(1), theta)[11]!, 1 / 12 - 1);
});

test('an unroll in two parts is the unroll in one, and its updates are those of its own gradients', () => {
  const spec = lstmSpec({ layers: [3, 2] });
  const phi = draws(countOf(spec, 1), 0.5);
  const f = quadratic(3);
  const start = freshStart(spec, draws(3));
  const whole = referenceUnroll(spec, phi, f, start, 7);
  const first = referenceUnroll(spec, phi, f, start, 3);
  const second = referenceUnroll(spec, phi, f, first.end, 4);
  assert.deepEqual([...first.updates, ...second.updates], whole.updates);
  assert.deepEqual(second.end, whole.end);
  assert.deepEqual(openLoopUpdates(spec, phi, whole.gradients.slice(0, 7)), whole.updates);
  assert.deepEqual(
    whole.losses,
    whole.thetas.map((theta) => value(f, theta)),
  );
});

test('the meta-gradient of a linear map on f(x) = x² is the closed form, exact and dropped', () => {
  // Update s (a ∇f + b). With b = 0, θ_t = r^t θ_0 where r = 1 + 2 s a.
  const [a, scale, theta0] = [-0.15, 0.8, 1.3];
  const spec = lstmSpec({ layers: [], outputScale: scale });
  const weights = [1, 2, 0, 0.5, 3];
  const problem: MetaProblem = {
    optimizer: spec,
    functions: [{ name: 'simple' }],
    starts: [freshStart(spec, [theta0])],
    weights,
  };
  const r = 1 + 2 * scale * a;
  const theta = weights.map((_, t) => r ** t * theta0);
  near(
    metaLoss(problem, [a, 0]),
    weights.reduce((sum, w, t) => sum + w * theta[t]! ** 2, 0),
  );

  // exact: dθ_t/da = t r^(t-1) 2 s θ_0; dθ_t/db = s (1 + r + … + r^(t-1)).
  const exact = [0, 0];
  // dropped: dθ_t/da = s Σ_{u<t} ∇f(θ_u); dθ_t/db = s t.
  const dropped = [0, 0];
  for (const [t, w] of weights.entries()) {
    const upstream = w * 2 * theta[t]!;
    exact[0]! += upstream * t * r ** (t - 1) * 2 * scale * theta0;
    exact[1]! += (upstream * scale * (1 - r ** t)) / (1 - r);
    dropped[0]! += upstream * scale * theta.slice(0, t).reduce((sum, x) => sum + 2 * x, 0);
    dropped[1]! += upstream * scale * t;
  }
  assert(relativeError(finiteDifferenceMetaGradient(problem, [a, 0], 'exact'), exact) < 1e-8);
  assert(relativeError(finiteDifferenceMetaGradient(problem, [a, 0], 'dropped'), dropped) < 1e-8);
  assert(relativeError(exact, dropped) > 0.1);
});

function lstmProblem(spec: LstmSpec, T: number): { problem: MetaProblem; phi: number[] } {
  const functions = [quadratic(3), quadratic(3)];
  return {
    problem: {
      optimizer: spec,
      functions,
      starts: functions.map(() => freshStart(spec, draws(3, 0.5))),
      weights: Array.from({ length: T + 1 }, () => Math.abs(draw())),
    },
    phi: draws(countOf(spec, 1), 0.3),
  };
}

test('over one step nothing is dropped: the two meta-gradients agree', () => {
  const { problem, phi } = lstmProblem(lstmSpec({ layers: [3], preprocess: { name: 'log-sign-paper', p: 3 } }), 1);
  const [exact, dropped] = (['exact', 'dropped'] as const).map((mode) =>
    finiteDifferenceMetaGradient(problem, phi, mode),
  );
  assert(relativeError(exact!, dropped!) < 1e-7);
});

test('the differences converge with the square of their step', () => {
  const { problem, phi } = lstmProblem(lstmSpec({ layers: [3] }), 4);
  for (const mode of ['exact', 'dropped'] as const) {
    const fine = finiteDifferenceMetaGradient(problem, phi, mode);
    const [e1, e2] = [1e-3, 5e-4].map((h) => relativeError(finiteDifferenceMetaGradient(problem, phi, mode, h), fine));
    const order = Math.log2(e1! / e2!);
    assert(Math.abs(order - 2) < 0.1, `${mode}: order ${order}`);
    assert(e2! < 0.01, `${mode}: ${e2}`);
  }
});
