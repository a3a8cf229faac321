import type { LstmSpec, PreprocessSpec } from '../../src/contract/optimizers.js';

/**
 * The learned optimizer in fp64, one coordinate at a time, as docs/weights-format.md writes it. It shares no code with
 * the engines, is as plain as can be, and is what they are measured against.
 */

/** State of one coordinate: hidden and cell state of each layer. */
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

/**
 * m(∇, h, φ): one step of one coordinate.
 * @param phi the flat φ
 * @param g this coordinate of the gradient
 */
export function step(
  spec: LstmSpec,
  phi: readonly number[],
  g: number,
  state: State,
): { update: number; state: State } {
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

  let x = preprocess(spec.preprocess, g);
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
  const [output] = affine(x, 1);
  if (offset !== phi.length) throw new Error(`φ has ${phi.length} weights, the network used ${offset}`);
  return { update: spec.outputScale * output!, state: next };
}

function sigmoid(z: number): number {
  return 1 / (1 + Math.exp(-z));
}
