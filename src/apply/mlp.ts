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
  mlpUsualRate,
  squareFloor,
  timeScales,
} from '../contract/networks/mlp-features.js';
import { sizeOf } from '../weights/tensors.js';
import { mustKnow, type Network, type Slot, type Weights } from './network.js';
import { chunk, Perceptron } from './perceptron.js';

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
    usualRate: mlpUsualRate,
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
  private readonly scratch: Scratch;

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
    this.scratch = new Scratch(rule.factored.length);
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
    const { g, slot, momenta, rule, steps, scratch } = this;
    const { epsilon } = rule.spec;
    const n = g.length;
    const first = part * this.parts.rows * this.parts.columns + from;
    const { inverseRoot, inverse, row, column } = scratch;
    this.prepare(part, from, count);
    let at = 0;
    for (const feature of this.features) {
      const inputs = inputsOfFeature(rule.spec, feature);
      for (let k = 0; k < inputs; k++, at += chunk) {
        const m = k * n + first;
        const own = k * chunk;
        switch (feature) {
          case 'gradient':
            for (let i = 0; i < count; i++) x[at + i] = g[first + i]!;
            break;
          case 'clipped-gradient':
            for (let i = 0; i < count; i++) x[at + i] = Math.min(Math.max(g[first + i]!, -clippedAt), clippedAt);
            break;
          case 'parameter':
            for (let i = 0; i < count; i++) x[at + i] = slot.value![first + i]!;
            break;
          case 'momentum':
            for (let i = 0; i < count; i++) x[at + i] = momenta[m + i]!;
            break;
          case 'second-moment':
            for (let i = 0; i < count; i++) x[at + i] = this.second[first + i]!;
            break;
          case 'momentum-over-root':
            for (let i = 0; i < count; i++) x[at + i] = momenta[m + i]! * inverseRoot[i]!;
            break;
          case 'inverse-root':
            for (let i = 0; i < count; i++) x[at + i] = inverseRoot[i]!;
            break;
          case 'factored-gradient':
            for (let i = 0; i < count; i++) x[at + i] = g[first + i]! * inverse[own + i]!;
            break;
          case 'gradient-over-root':
            for (let i = 0; i < count; i++) x[at + i] = g[first + i]! * inverseRoot[i]!;
            break;
          case 'row':
            for (let i = 0; i < count; i++) x[at + i] = row[own + i]!;
            break;
          case 'column':
            for (let i = 0; i < count; i++) x[at + i] = column[own + i]!;
            break;
          case 'inverse-root-row':
            for (let i = 0; i < count; i++) x[at + i] = 1 / Math.sqrt(row[own + i]! + epsilon.factored);
            break;
          case 'inverse-root-column':
            for (let i = 0; i < count; i++) x[at + i] = 1 / Math.sqrt(column[own + i]! + epsilon.factored);
            break;
          case 'factored-momentum':
            for (let i = 0; i < count; i++) x[at + i] = momenta[m + i]! * inverse[own + i]!;
            break;
          case 'time':
            x.fill(Math.tanh(steps / timeScales[k]! - 1), at, at + count);
            break;
        }
      }
    }
  }

  /** What several features need of the same coordinates: 1/√(v + ε), r, c and w. */
  private prepare(part: number, from: number, count: number): void {
    const { second, rule, parts, isVector, scratch } = this;
    const { inverseRoot, inverse, row, column } = scratch;
    const n = this.g.length;
    const first = part * parts.rows * parts.columns + from;
    for (let i = 0; i < count; i++) inverseRoot[i] = 1 / Math.sqrt(second[first + i]! + rule.spec.epsilon.moment);
    for (let k = 0; k < rule.factored.length; k++) {
      const own = k * chunk;
      if (isVector) {
        for (let i = 0; i < count; i++) {
          const square = this.row[k * n + first + i]!;
          row[own + i] = column[own + i] = square;
          inverse[own + i] = 1 / Math.sqrt(square + factoredFloor);
        }
        continue;
      }
      let r = (k * parts.count + part) * parts.rows + Math.floor(from / parts.columns);
      const columns = (k * parts.count + part) * parts.columns;
      for (let i = 0, c = from % parts.columns; i < count; i++) {
        row[own + i] = this.row[r]!;
        column[own + i] = this.column[columns + c]!;
        inverse[own + i] = this.inverseRow[r]! * this.inverseColumn[columns + c]!;
        if (++c < parts.columns) continue;
        c = 0;
        r++;
      }
    }
  }
}

/** Of the coordinates of a chunk: 1/√(v + ε) [chunk]; w, r and c [F, chunk]. */
class Scratch {
  readonly inverseRoot = new Float64Array(chunk);
  readonly inverse: Float64Array;
  readonly row: Float64Array;
  readonly column: Float64Array;

  constructor(factored: number) {
    this.inverse = new Float64Array(factored * chunk);
    this.row = new Float64Array(factored * chunk);
    this.column = new Float64Array(factored * chunk);
  }
}
