import type { Rank, Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import type { MlpSpec } from '../../../../contract/networks/mlp.js';
import {
  clippedAt,
  decaysOf,
  factoredFloor,
  type MlpFeature,
  matricesOf,
  mlpInputs,
  mlpOutputs,
  squareFloor,
  timeScales,
} from '../../../../contract/networks/mlp-features.js';
import type { PlacedParameter } from '../../../../contract/parameters.js';
import type { Tf } from '../../../problems/problem.js';
import type { NetworkPlace, NetworkState, TfjsNetwork } from './network.js';

/**
 * A perceptron per coordinate over moments of its gradient. Coordinates are columns. A tensor of B functions is cut into G
 * parts of E coordinates, over which root mean squares are taken: a matrix of R rows and C columns, or a vector.
 */

export type MlpWeights = {
  place: NetworkPlace;
  /** Per layer its kernel transposed, [outputs, inputs], and its bias, [outputs, 1]. */
  layers: { kernel: Tensor2D; bias: Tensor2D }[];
  /** β [decays, 1] */
  momenta: Tensor2D;
  secondMoment: Tensor2D;
  factored: Tensor2D;
};

/** Nothing: it has no backward pass. */
export type MlpTrace = Record<string, never>;

export const mlp: TfjsNetwork<MlpSpec, MlpWeights, MlpTrace> = {
  load(tf, spec, phi, place) {
    let offset = 0;
    const take = (size: number) => {
      offset += size;
      return phi.slice(offset - size, offset);
    };
    let inputs = mlpInputs(spec);
    const layers = [...spec.hidden, mlpOutputs(spec)].map((outputs) => {
      const kernel = tf.transpose<Tensor2D>(tf.tensor2d(take(inputs * outputs), [inputs, outputs]));
      inputs = outputs;
      return { kernel, bias: tf.tensor2d(take(outputs), [outputs, 1]) };
    });
    const decays = decaysOf(spec, spec.learnDecays ? phi.subarray(offset) : null);
    const column = (from: number, count: number) => tf.tensor2d(decays.slice(from, from + count), [count, 1]);
    const { length } = spec.momenta;
    return {
      place,
      layers,
      momenta: column(0, length),
      secondMoment: column(length, 1),
      factored: column(length + 1, spec.factored.length),
    };
  },

  step(tf, spec, net, seen, state) {
    const { parameters, functions } = net.place;
    const size = parameters.reduce((sum, parameter) => sum + parameter.size, 0);
    const gradient: Tensor2D = tf.reshape(seen.gradient, [functions, size]);
    const theta: Tensor2D = tf.reshape(seen.theta!, [functions, size]);
    const updates: Tensor2D[] = [];
    const next: NetworkState = [];
    let offset = 0;
    for (const parameter of parameters) {
      const own = (x: Tensor2D) => tf.slice(x, [0, offset], [functions, parameter.size]);
      const before = state.slice(next.length, next.length + (matricesOf(parameter) ? 4 : 3));
      const tensor = { parameter, gradient: own(gradient), theta: own(theta), step: seen.step };
      const taken = tensorStep(tf, spec, net, tensor, before);
      updates.push(taken.update);
      next.push(...taken.state);
      offset += parameter.size;
    }
    const update: Tensor2D = tf.concat(updates, 1);
    return { update: tf.reshape(update, [1, functions * size]), state: next, trace: {} };
  },
};

interface SeenTensor {
  readonly parameter: PlacedParameter;
  /** [B, size] */
  readonly gradient: Tensor2D;
  readonly theta: Tensor2D;
  readonly step: number;
}

/** @returns the update -s [B, size] */
function tensorStep(
  tf: Tf,
  spec: MlpSpec,
  net: MlpWeights,
  { parameter, gradient, theta, step }: SeenTensor,
  state: NetworkState,
): { update: Tensor2D; state: NetworkState } {
  const matrices = matricesOf(parameter);
  const functions = gradient.shape[0];
  const parts = functions * (matrices?.count ?? 1);
  const entries = gradient.size / parts;
  const { maximumGradient } = spec;
  const cut = maximumGradient === null ? gradient : tf.clipByValue(gradient, -maximumGradient, maximumGradient);
  const g: Tensor2D = tf.reshape(cut, [1, cut.size]);
  const m = blend(tf, net.momenta, state[0]!, g);
  const v = blend(tf, net.secondMoment, state[1]!, tf.square(g));
  const squares = tf.add<Tensor2D>(tf.square(g), squareFloor);
  const factored = matrices
    ? ofMatrices(tf, net.factored, squares, [parts, matrices.rows, matrices.columns], state.slice(2))
    : ofVectors(tf, net.factored, squares, state[2]!);
  const { row, column, inverse } = factored;
  const inverseRoot = tf.rsqrt<Tensor2D>(tf.add(v, spec.epsilon.moment));
  const features: Record<MlpFeature, () => Tensor2D> = {
    gradient: () => g,
    'clipped-gradient': () => tf.clipByValue(g, -clippedAt, clippedAt),
    parameter: () => tf.reshape(theta, [1, theta.size]),
    momentum: () => m,
    'second-moment': () => v,
    'momentum-over-root': () => tf.mul(m, inverseRoot),
    'inverse-root': () => inverseRoot,
    'factored-gradient': () => tf.mul(g, inverse),
    'gradient-over-root': () => tf.mul(g, inverseRoot),
    row: () => row,
    column: () => column,
    'inverse-root-row': () => tf.rsqrt(tf.add(row, spec.epsilon.factored)),
    'inverse-root-column': () => tf.rsqrt(tf.add(column, spec.epsilon.factored)),
    'factored-momentum': () => tf.mul(m, inverse),
    time: () => {
      const times = tf.tensor2d(
        timeScales.map((scale) => Math.tanh(step / scale - 1)),
        [timeScales.length, 1],
      );
      return tf.tile(times, [1, g.size]);
    },
  };
  const normalised = (x: Tensor2D): Tensor2D => {
    const cut = tf.reshape<Rank.R3>(x, [x.shape[0], parts, entries]);
    const scale = tf.rsqrt(tf.add(tf.mean(tf.square(cut), 2, true), spec.epsilon.normalisation));
    return tf.reshape(tf.mul(cut, scale), x.shape);
  };
  const seen = matrices ? spec.features : spec.features.slice(0, spec.vectorFeatures ?? spec.features.length);
  const inputs = seen.map((name) => {
    const feature = features[name]();
    return spec.normaliseFeatures === 'none' || name === 'time' ? feature : normalised(feature);
  });
  const out = perceptron(tf, net, tf.concat(inputs, 0));
  const direction: Tensor2D = tf.slice(out, [0, 0], [1, -1]);
  const s =
    spec.output === 'direction'
      ? direction
      : tf.mul<Tensor2D>(direction, tf.exp(tf.div(tf.slice(out, [1, 0], [1, -1]), 1000)));
  const scaled = spec.normaliseUpdate === 'none' ? s : normalised(s);
  return { update: tf.reshape(tf.neg(scaled), gradient.shape), state: [m, v, ...factored.state] };
}

/** @param inputs [F, N]; the perceptron's further inputs are 0 */
function perceptron(tf: Tf, { layers }: MlpWeights, inputs: Tensor2D): Tensor2D {
  return layers.reduce((x, { kernel, bias }, layer) => {
    const used = layer === 0 ? tf.slice(kernel, [0, 0], [-1, inputs.shape[0]]) : kernel;
    const sum = tf.add<Tensor2D>(tf.matMul(used, x), bias);
    return layer < layers.length - 1 ? tf.relu(sum) : sum;
  }, inputs);
}

/** β x + (1 - β) new, [K, N] */
function blend(tf: Tf, beta: Tensor2D, before: Tensor2D, now: Tensor2D): Tensor2D {
  return tf.add(tf.mul(before, beta), tf.mul(now, tf.sub(1, beta)));
}

/** What the factored moments of K decays say of N coordinates. */
interface Factored {
  /** r and c, [K, N] */
  readonly row: Tensor2D;
  readonly column: Tensor2D;
  /** 1/√(r c/mean r), within its limits, [K, N] */
  readonly inverse: Tensor2D;
  readonly state: NetworkState;
}

function ofVectors(tf: Tf, beta: Tensor2D, squares: Tensor2D, before: Tensor2D): Factored {
  const mean = blend(tf, beta, before, squares);
  return { row: mean, column: mean, inverse: tf.rsqrt(tf.add(mean, factoredFloor)), state: [mean] };
}

/** @param shape G, R and C */
function ofMatrices(
  tf: Tf,
  beta: Tensor2D,
  squares: Tensor2D,
  shape: [number, number, number],
  [rowsBefore, columnsBefore]: NetworkState,
): Factored {
  const [parts, rows, columns] = shape;
  const decays = beta.shape[0];
  const cut = tf.reshape<Rank.R3>(squares, shape);
  const meansOver = (axis: number): Tensor2D => tf.reshape(tf.mean(cut, axis), [1, -1]);
  const r = blend(tf, beta, rowsBefore!, meansOver(2));
  const c = blend(tf, beta, columnsBefore!, meansOver(1));
  const byRow = tf.reshape<Rank.R4>(r, [decays, parts, rows, 1]);
  const byColumn = tf.reshape<Rank.R4>(c, [decays, parts, 1, columns]);
  const relative = tf.div(byRow, tf.add(tf.mean(byRow, 2, true), factoredFloor));
  const inverseRow = tf.rsqrt(tf.maximum(relative, factoredFloor));
  const inverseColumn = tf.rsqrt(tf.maximum(byColumn, factoredFloor));
  const flat = (x: Tensor): Tensor2D => tf.reshape(x, [decays, squares.size]);
  return {
    row: flat(tf.tile(byRow, [1, 1, 1, columns])),
    column: flat(tf.tile(byColumn, [1, 1, rows, 1])),
    inverse: flat(tf.mul(inverseRow, inverseColumn)),
    state: [r, c],
  };
}
