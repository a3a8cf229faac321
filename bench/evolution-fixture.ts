import type { Datasets } from '../src/contract/datasets.js';
import type { ProblemSpec } from '../src/contract/problems.js';
import { sampleFunctions } from '../src/core/problems/batch.js';
import { Purpose, RandomStream } from '../src/core/random/random.js';
import type { NamedTensor } from '../src/weights/tensors.js';

/** Small cases of W4 and W5, as arrays, on which all forms must agree with a computation in double precision. */

export const fixtureSeed = 1;
const [truncations, pairs, steps, batch] = [2, 8, 50, 64];
export const sigma = 0.01;
/** The layers of Celo2-base without its unused outputs. */
const layers = [
  [30, 8],
  [8, 8],
  [8, 1],
] as const;

/**
 * Two truncations of persistent evolution strategies: φ [n], ε [truncations, pairs, n], θ_0 [pairs, 2410], images [count,
 * 64] and their labels, rows of the mini-batches [truncations, pairs, steps, batch].
 * @param problem perceptrons 64-32-10 and mini-batches of 64
 */
export function pesArrays(problem: ProblemSpec, datasets: Datasets): NamedTensor[] {
  const functions = sampleFunctions(problem, fixtureSeed, Purpose.training, 0, pairs, datasets);
  const { examples } = functions.miniBatches!;
  const drawn = functions.miniBatches!.rows(0, truncations * steps);
  const rows = new Float32Array(drawn.length);
  for (let t = 0; t < truncations * steps; t++)
    for (let pair = 0; pair < pairs; pair++) {
      const to = ((Math.floor(t / steps) * pairs + pair) * steps + (t % steps)) * batch;
      const from = (t * pairs + pair) * batch;
      rows.set(drawn.subarray(from, from + batch), to);
    }
  const phi = initialPhi();
  return [
    { name: 'phi', shape: [phi.length], data: phi },
    normals('epsilon', [truncations, pairs, phi.length], sigma, 1),
    { name: 'start', shape: [pairs, functions.dimension], data: functions.start },
    {
      name: 'pictures',
      shape: [examples.labels.length, examples.width],
      data: Float32Array.from(examples.inputs, (pixel) => pixel / 255),
    },
    { name: 'labels', shape: [examples.labels.length], data: Float32Array.from(examples.labels) },
    { name: 'rows', shape: [truncations, pairs, steps, batch], data: rows },
  ];
}

/** Steps on a matrix: φ, θ and the gradients [count, rows, columns]. */
export function stepArrays(shape: readonly [rows: number, columns: number] = [100, 90], count = 5): NamedTensor[] {
  const phi = initialPhi();
  return [
    { name: 'phi', shape: [phi.length], data: phi },
    normals('theta', [...shape], 0.02, 2),
    normals('gradients', [count, ...shape], 0.01, 3),
  ];
}

/** Kernels N(0, 1/inputs), biases 0. */
function initialPhi(): Float32Array {
  const parts = layers.flatMap(([inputs, units], i) => [
    ...normals('', [inputs, units], inputs ** -0.5, 4 + i).data,
    ...new Float32Array(units),
  ]);
  return Float32Array.from(parts);
}

function normals(name: string, shape: number[], deviation: number, index: number): NamedTensor {
  const stream = new RandomStream(fixtureSeed, Purpose.initialisation, index);
  const data = new Float32Array(shape.reduce((size, extent) => size * extent, 1));
  stream.fillNormal(data);
  return { name, shape, data: data.map((x) => deviation * x) };
}
