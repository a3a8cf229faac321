import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { inputsOf, type LstmSpec } from '../../../../contract/networks/lstm.js';
import { sizeOfAll } from '../../../../contract/parameters.js';
import type { Tf } from '../../../problems/problem.js';
import { preprocess, preprocessGradient } from '../preprocess.js';
import type { NetworkState, TfjsNetwork } from './network.js';

/**
 * One step of an LSTM over blocks of w coordinates and its vector-Jacobian product, in tfjs operations. Coordinatewise, w
 * is 1.
 *
 * Blocks are columns: gates and states are then contiguous rows, which tfjs slices and joins at the speed of a copy, and
 * no product has to read a matrix across its rows. The backward pass is written out by hand, since a tape over twenty
 * steps of small operations costs more than the arithmetic.
 */

/**
 * An affine map of the weights φ, its bias as one more row of the kernel, for an input of 1: φ's layout in memory is
 * kernel, then bias.
 */
type Affine = {
  /** [inputs + 1, outputs] */
  matrix: Tensor2D;
  /** [outputs, inputs + 1] */
  transposed: Tensor2D;
};

export type LstmWeights = { input: Affine | null; layers: Affine[]; output: Affine; ones: Tensor2D };

/** What the backward pass needs of a layer's step. */
type LayerTrace = {
  /** [x; h; 1], the kernel's input. */
  xh: Tensor2D;
  c: Tensor2D;
  i: Tensor2D;
  f: Tensor2D;
  g: Tensor2D;
  o: Tensor2D;
  /** tanh c' */
  tanhC: Tensor2D;
};

/** What the backward pass needs of a step. */
export type LstmTrace = {
  gradient: Tensor2D;
  /** [inputs; 1], if there is an input projection. */
  projected: Tensor2D | undefined;
  layers: LayerTrace[];
  /** [x; 1], the output projection's input. */
  last: Tensor2D;
};

export const lstm: TfjsNetwork<LstmSpec, LstmWeights, LstmTrace> = {
  load(tf, spec, phi, { parameters, width, functions }) {
    return load(tf, spec, phi, width, (functions * sizeOfAll(parameters)) / width);
  },
  step: (tf, spec, net, { gradient }, state) => step(tf, spec, net, gradient, state),
  back,
};

function load(tf: Tf, spec: LstmSpec, phi: Float32Array, width: number, n: number): LstmWeights {
  let offset = 0;
  const affine = (inputs: number, outputs: number): Affine => {
    const size = (inputs + 1) * outputs;
    const matrix = tf.tensor2d(phi.slice(offset, offset + size), [inputs + 1, outputs]);
    offset += size;
    return { matrix, transposed: tf.transpose(matrix) };
  };
  let inputs = inputsOf(spec, width);
  let input: Affine | null = null;
  if (spec.inputProjection !== null) {
    input = affine(inputs, spec.inputProjection);
    inputs = spec.inputProjection;
  }
  const layers = spec.layers.map((units) => {
    const layer = affine(inputs + units, 4 * units);
    inputs = units;
    return layer;
  });
  return { input, layers, output: affine(inputs, width), ones: tf.ones([1, n]) };
}

/** The state is h and c of each layer in turn, each [units, N]. */
function step(tf: Tf, spec: LstmSpec, net: LstmWeights, gradient: Tensor2D, state: NetworkState) {
  const { ones } = net;
  let x = preprocess(tf, spec.preprocess, gradient);
  let projected: Tensor2D | undefined;
  if (net.input) {
    projected = tf.concat([x, ones], 0);
    x = tf.matMul(net.input.transposed, projected);
  }
  const layers: LayerTrace[] = [];
  const next: Tensor2D[] = [];
  net.layers.forEach(({ transposed }, l) => {
    const [h, c] = [state[2 * l]!, state[2 * l + 1]!];
    const units = h.shape[0];
    const xh: Tensor2D = tf.concat([x, h, ones], 0);
    const z = tf.matMul<Tensor2D>(transposed, xh);
    const s = tf.sigmoid(z);
    const [i, f, o] = [rows(tf, s, 0, units), rows(tf, s, units, units), rows(tf, s, 3 * units, units)];
    const g = tf.tanh(rows(tf, z, 2 * units, units));
    const nextC = tf.add<Tensor2D>(tf.mul(f, c), tf.mul(i, g));
    const tanhC = tf.tanh(nextC);
    x = tf.mul(o, tanhC);
    layers.push({ xh, c, i, f, g, o, tanhC });
    next.push(x, nextC);
  });
  const last: Tensor2D = tf.concat([x, ones], 0);
  const out = tf.matMul<Tensor2D>(net.output.transposed, last);
  const update = spec.outputScale === 1 ? out : tf.mul<Tensor2D>(out, spec.outputScale);
  return { update, state: next, trace: { gradient, projected, layers, last } };
}

/** The parts of dL/dφ are a matrix per affine map, in φ's order. */
function back(
  tf: Tf,
  spec: LstmSpec,
  net: LstmWeights,
  trace: LstmTrace,
  dUpdate: Tensor2D,
  dState: NetworkState,
  wantInput: boolean,
) {
  // Maps come last to first: each puts its gradient before those already there.
  const weights: Tensor[] = [];
  const collect = (x: Tensor2D, dz: Tensor2D) => weights.unshift(tf.matMul(x, tf.transpose(dz)));
  const dOut = spec.outputScale === 1 ? dUpdate : tf.mul<Tensor2D>(dUpdate, spec.outputScale);
  collect(trace.last, dOut);
  let dx = withoutLast(tf, tf.matMul(net.output.matrix, dOut));
  const dPrevious: Tensor2D[] = [];
  for (let l = net.layers.length - 1; l >= 0; l--) {
    const { xh, c, i, f, g, o, tanhC } = trace.layers[l]!;
    const units = c.shape[0];
    const [carriedH, carriedC] = [dState[2 * l], dState[2 * l + 1]];
    const dh = carriedH ? tf.add<Tensor2D>(dx, carriedH) : dx;
    const dhO = tf.mul<Tensor2D>(dh, o);
    const dhOC = tf.mul<Tensor2D>(dhO, tanhC);
    const throughH = tf.sub<Tensor2D>(dhO, tf.mul(dhOC, tanhC));
    const dc = carriedC ? tf.add<Tensor2D>(throughH, carriedC) : throughH;
    const dcI = tf.mul<Tensor2D>(dc, i);
    const dcF = tf.mul<Tensor2D>(dc, f);
    // σ' = σ (1 - σ) and tanh' = 1 - tanh², each times the factor before it.
    const dcIG = tf.mul<Tensor2D>(dcI, g);
    const dcFC = tf.mul<Tensor2D>(dcF, c);
    const dz: Tensor2D = tf.concat(
      [
        tf.sub(dcIG, tf.mul(dcIG, i)),
        tf.sub(dcFC, tf.mul(dcFC, f)),
        tf.sub(dcI, tf.mul(dcIG, g)),
        tf.sub(dhOC, tf.mul(dhOC, o)),
      ],
      0,
    );
    collect(xh, dz);
    const dxh = tf.matMul<Tensor2D>(net.layers[l]!.matrix, dz);
    const width = xh.shape[0] - units - 1;
    dx = rows(tf, dxh, 0, width);
    dPrevious.unshift(rows(tf, dxh, width, units), dcF);
  }
  if (net.input) collect(trace.projected!, dx);
  if (!wantInput) return { weights, dState: dPrevious, dGradient: null };
  if (net.input) dx = withoutLast(tf, tf.matMul(net.input.matrix, dx));
  const dGradient = preprocessGradient(tf, spec.preprocess, trace.gradient, dx);
  return { weights, dState: dPrevious, dGradient };
}

function rows(tf: Tf, x: Tensor2D, first: number, count: number): Tensor2D {
  return tf.slice(x, [first, 0], [count, -1]);
}

/** Without the row of the bias's input of 1. */
function withoutLast(tf: Tf, x: Tensor2D): Tensor2D {
  return rows(tf, x, 0, x.shape[0] - 1);
}
