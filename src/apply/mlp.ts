import type { MlpSpec } from '../contract/networks/mlp.js';
import {
  clippedAt,
  decaysOf,
  factoredFloor,
  inputsOfFeature,
  type MlpFeature,
  matricesOf,
  mlpFeatures,
  mlpInputs,
  mlpOutputs,
  squareFloor,
  timeScales,
} from '../contract/networks/mlp-features.js';
import { sizeOf } from '../weights/tensors.js';
import { type Affine, mustKnow, type Network, type Slot, type Weights } from './network.js';

/** Coordinates that go through the perceptron together: their inputs stay in the processor's cache. */
const chunk = 256;

/**
 * A perceptron at each coordinate, over moments of its gradient and of those of its tensor. The state is, for each
 * parameter, its momenta [K, n], its second moment [n], and its factored moments: of a stack of G matrices R × C
 * [F, G, R] and [F, G, C], of a vector [F, n].
 */
export function mlp(spec: MlpSpec, weights: Weights): Network {
  const unknown = spec.features?.find((feature) => !mlpFeatures.includes(feature)) ?? mlpFeatures[0];
  const needed = [
    'features',
    'vectorFeatures',
    'momenta',
    'secondMoment',
    'factored',
    'learnDecays',
    'maximumGradient',
  ];
  mustKnow(spec, [...needed, 'epsilon', 'hidden'] as (keyof MlpSpec)[], {
    features: [unknown, mlpFeatures],
    normaliseFeatures: [spec.normaliseFeatures, ['rms', 'none']],
    output: [spec.output, ['direction', 'direction-and-magnitude']],
    normaliseUpdate: [spec.normaliseUpdate, ['rms', 'none']],
  });
  let inputs = mlpInputs(spec);
  const affine = (name: string, outputs: number) => {
    const map = weights.affine(name, inputs, outputs);
    inputs = outputs;
    return map;
  };
  const hidden = spec.hidden.map((units, l) => affine(`hidden.${l}`, units));
  const perceptron = new Perceptron([...hidden, affine('output', mlpOutputs(spec))]);
  const deltas = spec.learnDecays ? weights.take('decays', [decaysOf(spec, null).length]) : null;
  const decays = decaysOf(spec, deltas);
  const k = spec.momenta.length;
  const rule: Rule = {
    spec,
    perceptron,
    momenta: decays.slice(0, k),
    secondMoment: decays[k]!,
    factored: decays.slice(k + 1),
  };
  return {
    usualRate: 0.001,
    seesValues: spec.features.includes('parameter'),

    state(shapes) {
      return shapes.flatMap((shape) => {
        const n = sizeOf(shape);
        const f = spec.factored.length;
        const matrices = matricesOf({ shape });
        const factored = matrices
          ? [f * matrices.count * matrices.rows, f * matrices.count * matrices.columns]
          : [f * n];
        return [k * n, n, ...factored].map((length) => new Float32Array(length));
      });
    },

    step(slots, state, steps) {
      let at = 0;
      for (const slot of slots) {
        const count = slot.shape.length < 2 ? 3 : 4;
        const { gradient } = slot;
        if (gradient) new TensorStep(rule, { ...slot, gradient }, state.slice(at, at + count), steps).take();
        at += count;
      }
    },
  };
}

interface Rule {
  readonly spec: MlpSpec;
  readonly perceptron: Perceptron;
  /** Decays β. */
  readonly momenta: readonly number[];
  readonly secondMoment: number;
  readonly factored: readonly number[];
}

/** A stack of matrices; a vector of n is one of one row. */
interface Parts {
  readonly count: number;
  readonly rows: number;
  readonly columns: number;
}

/** One step of one tensor. */
class TensorStep {
  private readonly parts: Parts;
  private readonly isVector: boolean;
  private readonly features: readonly MlpFeature[];
  /** Inputs that the features are. */
  private readonly inputs: number;
  private readonly g: Float32Array;
  private readonly momenta: Float32Array;
  private readonly second: Float32Array;
  /** r and c; of a vector both are the same array. */
  private readonly row: Float32Array;
  private readonly column: Float32Array;
  /** 1/√(relative r) and 1/√c of matrices, like r and c: their product is w. */
  private inverseRow = new Float64Array(0);
  private inverseColumn = new Float64Array(0);

  constructor(
    private readonly rule: Rule,
    private readonly slot: Slot & { readonly gradient: Float32Array },
    state: readonly Float32Array[],
    private readonly steps: number,
  ) {
    const { features, vectorFeatures, maximumGradient } = rule.spec;
    const { shape, gradient } = slot;
    const matrices = matricesOf({ shape });
    this.isVector = matrices === null;
    this.parts = matrices ?? { count: 1, rows: 1, columns: gradient.length };
    this.features = matrices ? features : features.slice(0, vectorFeatures ?? features.length);
    this.inputs = this.features.reduce((sum, feature) => sum + inputsOfFeature(rule.spec, feature), 0);
    const limit = maximumGradient ?? Number.POSITIVE_INFINITY;
    this.g = gradient.map((g) => Math.min(Math.max(g, -limit), limit));
    this.momenta = state[0]!;
    this.second = state[1]!;
    this.row = state[2]!;
    this.column = state[3] ?? state[2]!;
  }

  take(): void {
    this.advanceMoments();
    if (this.isVector) this.advanceVector();
    else this.advanceMatrices();
    for (let part = 0; part < this.parts.count; part++) this.update(part);
  }

  /** m ← β m + (1 - β) g and v ← β v + (1 - β) g² */
  private advanceMoments(): void {
    const { g, momenta, second, rule } = this;
    const n = g.length;
    for (const [k, beta] of rule.momenta.entries()) {
      const first = k * n;
      for (let i = 0; i < n; i++) momenta[first + i] = beta * momenta[first + i]! + (1 - beta) * g[i]!;
    }
    const beta = rule.secondMoment;
    for (let i = 0; i < n; i++) second[i] = beta * second[i]! + (1 - beta) * (g[i]! * g[i]!);
  }

  private advanceVector(): void {
    const { g, row, rule } = this;
    const n = g.length;
    for (const [k, beta] of rule.factored.entries())
      for (let i = 0; i < n; i++) {
        const at = k * n + i;
        row[at] = beta * row[at]! + (1 - beta) * (g[i]! * g[i]! + squareFloor);
      }
  }

  /** r and c, and what w consists of. */
  private advanceMatrices(): void {
    const { g, row, column, rule } = this;
    const { count, rows, columns } = this.parts;
    const meanOfRow = new Float64Array(count * rows);
    const meanOfColumn = new Float64Array(count * columns);
    let i = 0;
    for (let r = 0; r < count * rows; r++) {
      const firstColumn = Math.floor(r / rows) * columns;
      for (let c = 0; c < columns; c++, i++) {
        const square = g[i]! * g[i]! + squareFloor;
        meanOfRow[r]! += square / columns;
        meanOfColumn[firstColumn + c]! += square / rows;
      }
    }
    this.inverseRow = new Float64Array(row.length);
    this.inverseColumn = new Float64Array(column.length);
    for (const [k, beta] of rule.factored.entries()) {
      for (let part = 0; part < count; part++) {
        const first = part * rows;
        const own = (k * count + part) * rows;
        let sum = 0;
        for (let r = 0; r < rows; r++) {
          row[own + r] = beta * row[own + r]! + (1 - beta) * meanOfRow[first + r]!;
          sum += row[own + r]!;
        }
        for (let r = 0; r < rows; r++) {
          const relative = row[own + r]! / (sum / rows + factoredFloor);
          this.inverseRow[own + r] = 1 / Math.sqrt(Math.max(relative, factoredFloor));
        }
      }
      const first = k * count * columns;
      for (let c = 0; c < count * columns; c++) {
        column[first + c] = beta * column[first + c]! + (1 - beta) * meanOfColumn[c]!;
        this.inverseColumn[first + c] = 1 / Math.sqrt(Math.max(column[first + c]!, factoredFloor));
      }
    }
  }

  /** The update of one matrix, or of the vector: -s. */
  private update(part: number): void {
    const { slot, rule, inputs, parts } = this;
    const { spec, perceptron } = rule;
    const size = parts.rows * parts.columns;
    const begin = part * size;
    const x = new Float64Array(inputs * chunk);
    const scales = spec.normaliseFeatures === 'none' ? null : this.scales(part, x);
    const { epsilon, output, normaliseUpdate } = spec;
    let squares = 0;
    for (let from = 0; from < size; from += chunk) {
      const count = Math.min(chunk, size - from);
      this.fill(part, from, count, x);
      if (scales) for (let k = 0; k < inputs; k++) for (let i = 0; i < count; i++) x[k * chunk + i]! *= scales[k]!;
      const out = perceptron.run(x, inputs, count);
      for (let i = 0; i < count; i++) {
        const s = output === 'direction' ? out[i]! : out[i]! * Math.exp(out[chunk + i]! / 1000);
        squares += s * s;
        slot.update[begin + from + i] = -s;
      }
    }
    if (normaliseUpdate === 'none') return;
    const scale = 1 / Math.sqrt(squares / size + epsilon.normalisation);
    for (let i = begin; i < begin + size; i++) slot.update[i]! *= scale;
  }

  /** What each input is multiplied by, so that its mean square over the part is 1; the time's are left alone. */
  private scales(part: number, x: Float64Array): Float64Array {
    const { inputs, parts, rule } = this;
    const size = parts.rows * parts.columns;
    const squares = new Float64Array(inputs);
    for (let from = 0; from < size; from += chunk) {
      const count = Math.min(chunk, size - from);
      this.fill(part, from, count, x);
      for (let k = 0; k < inputs; k++) {
        let sum = 0;
        for (let i = 0; i < count; i++) sum += x[k * chunk + i]! * x[k * chunk + i]!;
        squares[k]! += sum;
      }
    }
    const scales = squares.map((sum) => 1 / Math.sqrt(sum / size + rule.spec.epsilon.normalisation));
    let k = 0;
    for (const feature of this.features) {
      const own = inputsOfFeature(rule.spec, feature);
      if (feature === 'time') scales.fill(1, k, k + own);
      k += own;
    }
    return scales;
  }

  /**
   * The features of `count` coordinates of a part, from its coordinate `from` on.
   * @param x [inputs, chunk]
   */
  private fill(part: number, from: number, count: number, x: Float64Array): void {
    const { g, slot, momenta, second, rule, parts, isVector } = this;
    const { epsilon } = rule.spec;
    const n = g.length;
    const first = part * parts.rows * parts.columns + from;
    const rowOf = (i: number) => (isVector ? first + i : part * parts.rows + Math.floor((from + i) / parts.columns));
    const columnOf = (i: number) => (isVector ? first + i : part * parts.columns + ((from + i) % parts.columns));
    const [rowsOfAll, columnsOfAll] = isVector ? [n, n] : [parts.count * parts.rows, parts.count * parts.columns];
    const inverseRoot = (i: number) => 1 / Math.sqrt(second[first + i]! + epsilon.moment);
    const inverse = (k: number, i: number) =>
      isVector
        ? 1 / Math.sqrt(this.row[k * n + first + i]! + factoredFloor)
        : this.inverseRow[k * rowsOfAll + rowOf(i)]! * this.inverseColumn[k * columnsOfAll + columnOf(i)]!;
    let input = 0;
    const put = (value: (i: number) => number) => {
      const own = input++ * chunk;
      for (let i = 0; i < count; i++) x[own + i] = value(i);
    };
    const each = (decays: readonly number[], value: (k: number, i: number) => number) => {
      for (let k = 0; k < decays.length; k++) put((i) => value(k, i));
    };
    for (const feature of this.features)
      switch (feature) {
        case 'gradient':
          put((i) => g[first + i]!);
          break;
        case 'clipped-gradient':
          put((i) => Math.min(Math.max(g[first + i]!, -clippedAt), clippedAt));
          break;
        case 'parameter':
          put((i) => slot.value![first + i]!);
          break;
        case 'momentum':
          each(rule.momenta, (k, i) => momenta[k * n + first + i]!);
          break;
        case 'second-moment':
          put((i) => second[first + i]!);
          break;
        case 'momentum-over-root':
          each(rule.momenta, (k, i) => momenta[k * n + first + i]! * inverseRoot(i));
          break;
        case 'inverse-root':
          put(inverseRoot);
          break;
        case 'factored-gradient':
          each(rule.factored, (k, i) => g[first + i]! * inverse(k, i));
          break;
        case 'gradient-over-root':
          put((i) => g[first + i]! * inverseRoot(i));
          break;
        case 'row':
          each(rule.factored, (k, i) => this.row[k * rowsOfAll + rowOf(i)]!);
          break;
        case 'column':
          each(rule.factored, (k, i) => this.column[k * columnsOfAll + columnOf(i)]!);
          break;
        case 'inverse-root-row':
          each(rule.factored, (k, i) => 1 / Math.sqrt(this.row[k * rowsOfAll + rowOf(i)]! + epsilon.factored));
          break;
        case 'inverse-root-column':
          each(rule.factored, (k, i) => 1 / Math.sqrt(this.column[k * columnsOfAll + columnOf(i)]! + epsilon.factored));
          break;
        case 'factored-momentum':
          each(rule.factored, (k, i) => momenta[k * n + first + i]! * inverse(k, i));
          break;
        case 'time':
          for (const scale of timeScales) put(() => Math.tanh(this.steps / scale - 1));
          break;
      }
  }
}

/** Layers with ReLUs between them, over a chunk of coordinates at a time. */
class Perceptron {
  private readonly outputs: readonly Float64Array[];

  constructor(private readonly layers: readonly Affine[]) {
    this.outputs = layers.map(({ outputs }) => new Float64Array(outputs * chunk));
  }

  /**
   * @param x [inputs, chunk]; the first layer's further inputs are 0
   * @returns [outputs, chunk], which the next call overwrites
   */
  run(x: Float64Array, inputs: number, count: number): Float64Array {
    let [from, used] = [x, inputs];
    for (const [l, { outputs, kernel, bias }] of this.layers.entries()) {
      const out = this.outputs[l]!;
      for (let u = 0; u < outputs; u++) {
        const own = u * chunk;
        out.fill(bias[u]!, own, own + count);
        for (let k = 0; k < used; k++) {
          const weight = kernel[k * outputs + u]!;
          const other = k * chunk;
          for (let i = 0; i < count; i++) out[own + i]! += weight * from[other + i]!;
        }
        if (l < this.layers.length - 1) for (let i = 0; i < count; i++) out[own + i] = Math.max(out[own + i]!, 0);
      }
      [from, used] = [out, outputs];
    }
    return from;
  }
}
