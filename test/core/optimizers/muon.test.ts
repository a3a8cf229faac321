import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { muon } from '../../../src/core/optimizers/muon.js';
import { newtonSchulz } from '../../../src/core/optimizers/newton-schulz.js';
import { flattened, type Matrix, muonStep, orthogonalised } from '../../reference/muon.js';
import { normal, testSeed } from '../../weights/samples.js';

const seed = testSeed();
console.log(`seed ${seed}`);
const draw = normal(seed);

const spec = {
  name: 'muon',
  learningRate: 0.1,
  momentum: 0.9,
  vectorRate: 0.5,
  beta1: 0.8,
  beta2: 0.95,
  epsilon: 1e-8,
  weightDecay: 0.2,
} as const;

function random(rows: number, columns: number): number[][] {
  return Array.from({ length: rows }, () => Array.from({ length: columns }, draw));
}

function near(found: ArrayLike<number>, expected: readonly number[], tolerance: number) {
  assert.equal(found.length, expected.length);
  for (const [i, x] of expected.entries())
    assert.ok(Math.abs(found[i]! - x) <= tolerance, `entry ${i}: ${found[i]} is not ${x}`);
}

function ofMatrix(g: Matrix): Float64Array {
  const found = Float64Array.from(g.flat());
  newtonSchulz(found, g.length, g[0]!.length);
  return found;
}

describe('Newton-Schulz iterations', () => {
  it('of a diagonal matrix are the polynomial of each entry over the norm', () => {
    // ‖diag(3, 4, 12)‖ = 13.
    const expected = [3, 4, 12].map((s) => flattened(s / (13 + 1e-7)));
    near(ofMatrix([[3, 0, 0, 0], [0, 4, 0, 0], [0, 0, 12, 0]]), [expected[0]!, 0, 0, 0, 0, expected[1]!, 0, 0, 0, 0, expected[2]!, 0], 1e-12); // biome-ignore format: a matrix
  });

  it('of an orthogonal matrix are a multiple of it', () => {
    // Norm √2, both singular values 1.
    const s = flattened(1 / (Math.SQRT2 + 1e-7));
    near(ofMatrix([[0.6, -0.8], [0.8, 0.6]]), [0.6 * s, -0.8 * s, 0.8 * s, 0.6 * s], 1e-12); // biome-ignore format: a matrix
  });

  it('are U Φ(S) Vᵀ by a singular value decomposition, tall or wide, whatever the scale', () => {
    for (const [rows, columns, scale] of [
      [1, 1, 1],
      [1, 6, 1],
      [6, 1, 1],
      [5, 5, 1e-3],
      [9, 4, 1e6],
      [4, 9, 1],
      [17, 12, 1],
    ] as const) {
      const g = random(rows, columns).map((row) => row.map((x) => scale * x));
      near(ofMatrix(g), orthogonalised(g).flat(), 1e-10);
    }
  });

  it('bring singular values above a hundredth of the norm between 0.65 and 1.25', () => {
    // The bounds are those of five iterations over that interval, as flattened() has them.
    for (let sigma = 0.01; sigma <= 1; sigma += 0.001) {
      const s = flattened(sigma);
      assert.ok(s > 0.65 && s < 1.25, `${sigma} becomes ${s}`);
    }
  });

  it('of a matrix of rank 1, and of 0, are those, too', () => {
    const [u, v] = [random(5, 1), random(1, 3)];
    const g = u.map(([x]) => v[0]!.map((y) => x! * y));
    near(ofMatrix(g), orthogonalised(g).flat(), 1e-10);
    near(ofMatrix([[0, 0]]), [0, 0], 0);
  });
});

describe('Muon', () => {
  const shapes = [[3, 5], [4], [3, 3, 2, 4], [], [6, 2]];
  const sizes = shapes.map((shape) => shape.reduce((a, b) => a * b, 1));
  const total = sizes.reduce((a, b) => a + b, 0);
  const tensors = shapes.map((shape) => ({ shape }));
  const functions = 2;
  const gradients = Array.from({ length: 6 }, () => Float32Array.from({ length: functions * total }, draw));

  it('takes fp64’s step for matrices and kernels of every function, and AdamW’s for vectors and scalars', () => {
    const theta = Float32Array.from({ length: functions * total }, draw);
    const start = theta.slice();
    const expected = Float64Array.from(theta);
    const state = muon.init(theta.length);
    const update = new Float32Array(theta.length);
    const vectors: number[] = [];
    const means = new Map<number, Matrix>();
    for (const gradient of gradients) {
      muon.update(spec, gradient, state, update, theta, tensors);
      for (let i = 0; i < theta.length; i++) theta[i]! += update[i]!;
      let from = 0;
      for (let f = 0; f < functions; f++)
        for (const [p, size] of sizes.entries()) {
          const columns = shapes[p]!.at(-1) ?? 1;
          const rowsOf = (values: ArrayLike<number>) =>
            Array.from({ length: size / columns }, (_, r) =>
              Array.from({ length: columns }, (_, c) => values[from + r * columns + c]!),
            );
          if (shapes[p]!.length < 2) for (let i = 0; i < size; i++) vectors.push(from + i);
          else {
            const g = rowsOf(gradient);
            const step = muonStep(spec, g, means.get(from) ?? g.map((row) => row.map(() => 0)), rowsOf(expected));
            means.set(from, step.mean);
            for (const [i, u] of step.update.flat().entries()) expected[from + i]! += u;
          }
          from += size;
        }
    }
    for (const i of new Set(vectors)) expected[i] = alone(i);
    near(theta, [...expected], 2e-6 * 6);

    /** θ of one coordinate that follows AdamW: Kingma and Ba's algorithm 1, and decoupled decay. */
    function alone(i: number): number {
      let [x, m, v] = [start[i]!, 0, 0];
      for (const [t, gradient] of gradients.entries()) {
        const g = gradient[i]!;
        m = 0.8 * m + 0.2 * g;
        v = 0.95 * v + 0.05 * g * g;
        x -= 0.05 * (m / (1 - 0.8 ** (t + 1)) / (Math.sqrt(v / (1 - 0.95 ** (t + 1))) + 1e-8) + 0.2 * x);
      }
      return x;
    }
  });

  it('goes on from a state that is saved, and does not mix functions', () => {
    const theta = new Float32Array(functions * total);
    const run = (chosen: readonly Float32Array[], state: ReturnType<typeof muon.init>) =>
      chosen.map((gradient) => {
        const update = new Float32Array(gradient.length);
        muon.update(spec, gradient, state, update, theta.subarray(0, gradient.length), tensors);
        return update;
      });
    const state = muon.init(theta.length);
    const whole = run(gradients, muon.init(theta.length));
    run(gradients.slice(0, 3), state);
    const saved = { steps: state.steps, vectors: state.vectors.map((v) => v.slice()) };
    assert.deepEqual(run(gradients.slice(3), saved), whole.slice(3));
    const second = run(
      gradients.map((g) => g.slice(total)),
      muon.init(total),
    );
    assert.deepEqual(
      second,
      whole.map((u) => u.slice(total)),
    );
  });
});
