import type { LstmSpec, PreprocessSpec } from '../../src/contract/networks/lstm.js';

/**
 * The network in fp64, one block of coordinates at a time, as docs/weights-format.md defines it: the reference for the
 * engines. It shares no code with them, and is as simple as possible.
 */

/** State of one block: hidden and cell state of each layer. */
export interface State {
  h: number[][];
  c: number[][];
}

export function initialState(spec: LstmSpec): State {
  const zeros = () => spec.layers.map((units) => new Array<number>(units).fill(0));
  return { h: zeros(), c: zeros() };
}

export function preprocess(spec: PreprocessSpec, g: number): number[] {
  switch (spec.name) {
    case 'none':
      return [g];
    case 'log-sign-paper':
      return Math.abs(g) >= Math.exp(-spec.p)
        ? [Math.log(Math.abs(g)) / spec.p, Math.sign(g)]
        : [-1, Math.exp(spec.p) * g];
    case 'log-sign-deepmind': {
      const logarithm = Math.log(Math.abs(g) + 2 ** -23) / spec.k;
      return [Math.max(logarithm, -1), Math.min(Math.max(g * Math.exp(spec.k), -1), 1)];
    }
  }
}

/** Weights of a network over blocks of some coordinates. */
export function countOf(spec: LstmSpec, width: number): number {
  const inputs = spec.preprocess.name === 'none' ? width : 2 * width;
  const read = [...(spec.inputProjection === null ? [] : [spec.inputProjection]), ...spec.layers];
  const projection = spec.inputProjection === null ? 0 : (inputs + 1) * spec.inputProjection;
  const before = [spec.inputProjection ?? inputs, ...spec.layers];
  const layers = spec.layers.map((units, l) => 4 * units * (before[l]! + units + 1));
  return projection + layers.reduce((a, b) => a + b, 0) + ((read.at(-1) ?? inputs) + 1) * width;
}

/**
 * m(∇, h, φ): one step of one block.
 * @param phi the network's flat φ
 * @param g the block's entries of the gradient
 */
export function step(
  spec: LstmSpec,
  phi: readonly number[],
  g: readonly number[],
  state: State,
): { update: number[]; state: State } {
  let offset = 0;
  /** x · kernel + bias, with the next kernel and bias of φ. */
  const affine = (x: number[], outputs: number): number[] => {
    const kernel = offset;
    const bias = kernel + x.length * outputs;
    offset = bias + outputs;
    const z: number[] = [];
    for (let column = 0; column < outputs; column++) {
      let sum = phi[bias + column]!;
      for (let row = 0; row < x.length; row++) sum += x[row]! * phi[kernel + row * outputs + column]!;
      z.push(sum);
    }
    return z;
  };

  // First each coordinate's first input from preprocessing, then each one's second.
  const seen = g.map((entry) => preprocess(spec.preprocess, entry));
  let x = seen[0]!.flatMap((_, i) => seen.map((inputs) => inputs[i]!));
  if (spec.inputProjection !== null) x = affine(x, spec.inputProjection);
  const next: State = { h: [], c: [] };
  for (const [layer, units] of spec.layers.entries()) {
    const z = affine([...x, ...state.h[layer]!], 4 * units);
    const h: number[] = [];
    const c: number[] = [];
    for (let unit = 0; unit < units; unit++) {
      const input = sigmoid(z[unit]!);
      const forget = sigmoid(z[units + unit]!);
      const cell = Math.tanh(z[2 * units + unit]!);
      const output = sigmoid(z[3 * units + unit]!);
      c.push(forget * state.c[layer]![unit]! + input * cell);
      h.push(output * Math.tanh(c[unit]!));
    }
    next.h.push(h);
    next.c.push(c);
    x = h;
  }
  const output = affine(x, g.length);
  if (offset !== phi.length) throw new Error(`φ has ${phi.length} weights, the network used ${offset}`);
  return { update: output.map((u) => spec.outputScale * u), state: next };
}

function sigmoid(z: number): number {
  return 1 / (1 + Math.exp(-z));
}
