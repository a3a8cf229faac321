import type { MlpSpec } from '../../src/contract/networks/mlp.js';

/**
 * The MLP optimizer in fp64, one coordinate after the other, from arXiv 2602.19142 (Celo2) and 2203.11860 (AdafacMLPLOpt),
 * independent of src/core/engines.
 */

/** What is kept per tensor: [decay][coordinate], and of matrices [decay][row or column], matrix by matrix. */
export interface MlpState {
  readonly momenta: readonly (readonly number[])[];
  readonly second: readonly number[];
  /** r per row and c per column; a vector has one mean square per coordinate instead, under `rows`. */
  readonly rows: readonly (readonly number[])[];
  readonly columns: readonly (readonly number[])[];
}

/** Matrices of a tensor: first coordinate, rows and columns; a vector is a single row of null rows. */
interface Cut {
  readonly vector: boolean;
  readonly count: number;
  readonly rows: number;
  readonly columns: number;
}

function cutOf(shape: readonly number[]): Cut {
  const size = shape.reduce((a, b) => a * b, 1);
  if (shape.length < 2) return { vector: true, count: 1, rows: 1, columns: size };
  const rows = shape[shape.length - 2]!;
  const columns = shape[shape.length - 1]!;
  return { vector: false, count: size / (rows * columns), rows, columns };
}

export function freshMlpState(spec: MlpSpec, shape: readonly number[]): MlpState {
  const { vector, count, rows, columns } = cutOf(shape);
  const size = count * rows * columns;
  const zeros = (length: number) => new Array<number>(length).fill(0);
  return {
    momenta: spec.momenta.map(() => zeros(size)),
    second: zeros(size),
    rows: spec.factored.map(() => zeros(vector ? size : count * rows)),
    columns: spec.factored.map(() => zeros(vector ? 0 : count * columns)),
  };
}

interface Layer {
  /** [input][output] */
  readonly kernel: number[][];
  readonly bias: number[];
}

/** The weights of φ: layers, then the δ of the decays if they are learned. */
function weightsOf(spec: MlpSpec, phi: readonly number[], inputs: number) {
  let at = 0;
  const take = (n: number) => {
    at += n;
    return phi.slice(at - n, at);
  };
  const widths = [inputs, ...spec.hidden, spec.output === 'direction' ? 1 : 2];
  const layers: Layer[] = [];
  for (let l = 1; l < widths.length; l++)
    layers.push({
      kernel: Array.from({ length: widths[l - 1]! }, () => take(widths[l]!)),
      bias: take(widths[l]!),
    });
  const begin = [...spec.momenta, spec.secondMoment, ...spec.factored];
  const decays = begin.map((beta) => {
    if (!spec.learnDecays) return beta;
    // β = 1 - exp(10 (log(1 - β0)/10 + δ))
    const [delta] = take(1) as [number];
    return Math.min(1, Math.max(0, 1 - Math.exp(10 * (Math.log(1 - beta) / 10 + delta))));
  });
  if (at !== phi.length) throw new Error(`φ has ${phi.length} weights, the MLP used ${at}`);
  const k = spec.momenta.length;
  return { layers, momenta: decays.slice(0, k), second: decays[k]!, factored: decays.slice(k + 1) };
}

/**
 * A step on one tensor.
 * @param t steps taken before this one
 * @returns s, before the learning rate, and the next state
 */
export function mlpStep(
  spec: MlpSpec,
  phi: readonly number[],
  shape: readonly number[],
  gradient: readonly number[],
  theta: readonly number[],
  t: number,
  before: MlpState,
): { s: number[]; state: MlpState } {
  const cut = cutOf(shape);
  const { vector, count, rows, columns } = cut;
  const entries = rows * columns;
  const limit = spec.maximumGradient ?? Number.POSITIVE_INFINITY;
  const g = gradient.map((x) => Math.max(-limit, Math.min(limit, x)));
  // The number of inputs follows from the features, all of which matrices have.
  const inputs = spec.features.reduce(
    (sum, name) =>
      sum +
      (name === 'time'
        ? 11
        : name === 'momentum' || name === 'momentum-over-root'
          ? spec.momenta.length
          : /^(factored-|row|column|inverse-root-)/.test(name)
            ? spec.factored.length
            : 1),
    0,
  );
  const net = weightsOf(spec, phi, inputs);
  const blend = (beta: number, old: number, now: number) => beta * old + (1 - beta) * now;
  const momenta = net.momenta.map((beta, k) => g.map((x, i) => blend(beta, before.momenta[k]![i]!, x)));
  const second = g.map((x, i) => blend(net.second, before.second[i]!, x * x));
  const square = (i: number) => g[i]! ** 2 + 1e-30;
  const mean = (n: number, of: (i: number) => number) => Array.from({ length: n }, (_, i) => of(i)).reduce(add, 0) / n;
  const nextRows = net.factored.map((beta, k) =>
    before.rows[k]!.map((old, i) =>
      blend(beta, old, vector ? square(i) : mean(columns, (column) => square(i * columns + column))),
    ),
  );
  const nextColumns = net.factored.map((beta, k) =>
    before.columns[k]!.map((old, i) => {
      const [matrix, column] = [Math.floor(i / columns), i % columns];
      return blend(
        beta,
        old,
        mean(rows, (row) => square(matrix * entries + row * columns + column)),
      );
    }),
  );
  const s: number[] = [];
  for (let matrix = 0; matrix < count; matrix++) {
    const from = matrix * entries;
    const row = (k: number, i: number) =>
      vector ? nextRows[k]![i]! : nextRows[k]![matrix * rows + Math.floor(i / columns)]!;
    const column = (k: number, i: number) =>
      vector ? nextRows[k]![i]! : nextColumns[k]![matrix * columns + (i % columns)]!;
    /** 1/√ of the factored second moment of entry i. */
    const inverse = (k: number, i: number) => {
      if (vector) return 1 / Math.sqrt(nextRows[k]![i]! + 1e-9);
      const rowMean = mean(rows, (r) => nextRows[k]![matrix * rows + r]!);
      const R = 1 / Math.sqrt(Math.max(row(k, i) / (rowMean + 1e-9), 1e-9));
      return R / Math.sqrt(Math.max(column(k, i), 1e-9));
    };
    const root = (i: number) => Math.sqrt(second[from + i]! + spec.epsilon.moment);
    const each = (n: number, of: (k: number, i: number) => number) =>
      Array.from({ length: n }, (_, k) => Array.from({ length: entries }, (_, i) => of(k, i)));
    const [K, F] = [spec.momenta.length, spec.factored.length];
    const tau = [1, 3, 10, 30, 100, 300, 1e3, 3e3, 1e4, 3e4, 1e5];
    const features: Record<MlpSpec['features'][number], () => number[][]> = {
      gradient: () => each(1, (_, i) => g[from + i]!),
      'clipped-gradient': () => each(1, (_, i) => Math.max(-0.1, Math.min(0.1, g[from + i]!))),
      parameter: () => each(1, (_, i) => theta[from + i]!),
      momentum: () => each(K, (k, i) => momenta[k]![from + i]!),
      'second-moment': () => each(1, (_, i) => second[from + i]!),
      'momentum-over-root': () => each(K, (k, i) => momenta[k]![from + i]! / root(i)),
      'inverse-root': () => each(1, (_, i) => 1 / root(i)),
      'factored-gradient': () => each(F, (k, i) => g[from + i]! * inverse(k, i)),
      'gradient-over-root': () => each(1, (_, i) => g[from + i]! / root(i)),
      row: () => each(F, row),
      column: () => each(F, column),
      'inverse-root-row': () => each(F, (k, i) => 1 / Math.sqrt(row(k, i) + spec.epsilon.factored)),
      'inverse-root-column': () => each(F, (k, i) => 1 / Math.sqrt(column(k, i) + spec.epsilon.factored)),
      'factored-momentum': () => each(F, (k, i) => momenta[k]![from + i]! * inverse(k, i)),
      time: () => each(tau.length, (k) => Math.tanh(t / tau[k]! - 1)),
    };
    const normalise = (x: number[]) => {
      const scale = 1 / Math.sqrt(mean(entries, (i) => x[i]! ** 2) + spec.epsilon.normalisation);
      return x.map((value) => value * scale);
    };
    const used = vector && spec.vectorFeatures !== null ? spec.features.slice(0, spec.vectorFeatures) : spec.features;
    const x = used.flatMap((name) => {
      const made = features[name]();
      return spec.normaliseFeatures === 'none' || name === 'time' ? made : made.map(normalise);
    });
    while (x.length < inputs) x.push(new Array<number>(entries).fill(0));
    const out = Array.from({ length: entries }, (_, i) => {
      let values = x.map((feature) => feature[i]!);
      for (const [l, { kernel, bias }] of net.layers.entries()) {
        const sums = bias.map((b, unit) =>
          values.reduce((sum, value, input) => sum + value * kernel[input]![unit]!, b),
        );
        values = l < net.layers.length - 1 ? sums.map((z) => Math.max(z, 0)) : sums;
      }
      return values.length === 1 ? values[0]! : values[0]! * Math.exp(values[1]! / 1000);
    });
    s.push(...(spec.normaliseUpdate === 'none' ? out : normalise(out)));
  }
  return { s, state: { momenta, second, rows: nextRows, columns: nextColumns } };
}

function add(a: number, b: number): number {
  return a + b;
}
