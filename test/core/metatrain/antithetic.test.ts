import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { MetatrainSpec } from '../../../src/contract/spec.js';
import { parseJobSpec } from '../../../src/contract/validate.js';
import type { Engine, Population, Slot } from '../../../src/core/engines/engine.js';
import { createNativeEngine } from '../../../src/core/engines/native/engine.js';
import { selectEngine } from '../../../src/core/engines/select.js';
import { initialise } from '../../../src/core/learned/initialise.js';
import { placeOf } from '../../../src/core/metatrain/curriculum.js';
import { Evolution } from '../../../src/core/metatrain/estimators/evolution/evolution.js';
import { loadDatasets } from '../../../src/data/datasets.js';
import { relativeError } from '../../reference/meta-gradient.js';
import { nativeMissing } from '../../support/native.js';

/** The estimates of evolution strategies, against closed forms and against one another. */

let engine: Engine;
before(async () => {
  engine = await selectEngine({ name: 'tfjs', backend: 'wasm' });
});

type Name = 'es' | 'pes' | 'nres';
const names: readonly Name[] = ['es', 'pes', 'nres'];

const quadratic = { name: 'quadratic', dimension: 3, distribution: 'uniform' };

function metatrain(
  training: object,
  optimizer: object = { name: 'lstm', layers: [2] },
  problem: object = quadratic,
): MetatrainSpec {
  const spec = parseJobSpec({ kind: 'metatrain', problem, optimizer, training, comparison: null });
  assert.ok(spec.kind === 'metatrain');
  return spec;
}

/**
 * The system s_{t+1} = A s_t + φ with the losses f_t = ½ sᵀ H s + cᵀ s, so that every meta-loss is quadratic in φ. Its
 * state begins at one of four points, by turns.
 */
const A = [
  [0.9, 0.2],
  [-0.3, 0.8],
];
const H = [
  [2, 0.5],
  [0.5, 1],
];
const c = [0.3, -0.7];
const starts = [
  [1, 0],
  [0, 1],
  [-1, 0.5],
  [0.3, -2],
];

const times = (matrix: readonly (readonly number[])[], x: readonly number[]) =>
  matrix.map((row) => row.reduce((sum, value, i) => sum + value * x[i]!, 0));
const next = (s: readonly number[], phi: readonly number[]) => times(A, s).map((value, i) => value + phi[i]!);
const loss = (s: readonly number[]) => times(H, s).reduce((sum, value, i) => sum + s[i]! * (value / 2 + c[i]!), 0);

/** The population of that system: the estimator itself is the real one. */
class Systems implements Population {
  private readonly states: number[][][] = [];
  private opened = 0;

  constructor(slots: readonly Slot[]) {
    for (const i of slots.keys()) this.replace(i);
  }

  replace(slot: number): void {
    const start = starts[this.opened++ % starts.length]!;
    this.states[slot] = [start, start];
  }

  async advance(phi: Float32Array, steps: number): Promise<Float32Array> {
    const particles = 2 * this.states.length;
    const losses = new Float32Array((steps + 1) * particles);
    for (const [p, state] of this.states.flat().entries()) {
      let s = state;
      for (let t = 0; t <= steps; t++) {
        losses[t * particles + p] = loss(s);
        if (t < steps) s = next(s, [...phi.slice(2 * p, 2 * p + 2)]);
      }
      this.states[p >> 1]![p & 1] = s;
    }
    return losses;
  }

  average(): void {
    for (const [i, [a, b]] of this.states.entries()) {
      const mean = a!.map((value, j) => (value + b![j]!) / 2);
      this.states[i] = [mean, mean];
    }
  }

  state(): never {
    throw new Error('not saved');
  }

  dispose(): void {}
}

const [unroll, horizon, pairs] = [2, 8, 4];
const phi = Float32Array.of(0.2, -0.1);

/**
 * The gradient of Σ_{t < T} f_t, the mean over the starts, by the chain rule: ds_{t+1}/dφ = A ds_t/dφ + I.
 * @param truncated whether ds/dφ begins anew with each truncation
 */
function exactGradient(truncated: boolean): number[] {
  const sum = [0, 0];
  for (const start of starts) {
    let s: number[] = start;
    let J = [
      [0, 0],
      [0, 0],
    ];
    for (let t = 0; t < horizon; t++) {
      if (truncated && t % unroll === 0) J = J.map((row) => row.map(() => 0));
      const slope = times(H, s).map((value, i) => value + c[i]!);
      for (const k of sum.keys()) sum[k]! += (slope[0]! * J[0]![k]! + slope[1]! * J[1]![k]!) / starts.length;
      s = next(s, [...phi]);
      const column = (k: number) => times(A, [J[0]![k]!, J[1]![k]!]);
      const [first, second] = [column(0), column(1)];
      J = [
        [first[0]! + 1, second[0]!],
        [first[1]!, second[1]! + 1],
      ];
    }
  }
  return sum;
}

/** Sums of the estimates over whole horizons: their mean, and the standard error of that as a length. */
async function estimates(name: Name, horizons: number): Promise<{ mean: number[]; error: number }> {
  const training = {
    unroll,
    horizon,
    functions: pairs,
    estimator: { name, sigma: 0.3, stagger: false, maximumLoss: null },
  };
  const spec = metatrain(training);
  const openPopulation = async (_: unknown, slots: readonly Slot[]) => new Systems(slots);
  const estimator = new Evolution({ spec, engine: { ...engine, openPopulation }, datasets: {} }, null);
  const sums: number[][] = [];
  for (let iteration = 0; iteration < (horizons * horizon) / unroll; iteration++) {
    const { gradient } = await estimator.estimate(phi, placeOf(spec.training, iteration));
    if (iteration % (horizon / unroll) === 0) sums.push([0, 0]);
    for (const k of gradient.keys()) sums.at(-1)![k]! += gradient[k]!;
  }
  const mean = [0, 1].map((k) => sums.reduce((sum, one) => sum + one[k]!, 0) / sums.length);
  const variance = sums.reduce((sum, one) => sum + distance(one, mean) ** 2, 0) / (sums.length - 1);
  return { mean, error: Math.sqrt(variance / sums.length) };
}

const distance = (a: readonly number[], b: readonly number[]) => Math.hypot(...a.map((value, i) => value - b[i]!));

describe('on quadratic meta-losses', () => {
  const horizons = 4000;

  it('the closed form is the finite difference', () => {
    const total = (at: readonly number[]) => {
      let sum = 0;
      for (const start of starts) {
        let s: number[] = start;
        for (let t = 0; t < horizon; t++) {
          sum += loss(s) / starts.length;
          s = next(s, at);
        }
      }
      return sum;
    };
    // Exact for a quadratic, but for roundings.
    const differences = [0, 1].map((k) => {
      const moved = (h: number) => total([...phi].map((value, i) => value + (i === k ? h : 0)));
      return (moved(1) - moved(-1)) / 2;
    });
    assert.ok(distance(differences, exactGradient(false)) < 1e-12);
  });

  for (const name of ['pes', 'nres'] as const)
    it(`the mean of ${name.toUpperCase()} is within three standard errors of the exact gradient`, async () => {
      const exact = exactGradient(false);
      const { mean, error } = await estimates(name, horizons);
      const off = distance(mean, exact);
      assert.ok(off < 3 * error, `${off / error} standard errors`);
      // Few enough errors that a biased estimate would show.
      assert.ok(error < 0.05 * Math.hypot(...exact), `${error}`);
    });

  it('that of truncated ES is not: it is the truncated gradient', async () => {
    const exact = exactGradient(false);
    const { mean, error } = await estimates('es', horizons);
    assert.ok(distance(mean, exact) > 20 * error, `${distance(mean, exact) / error} standard errors`);
    assert.ok(distance(mean, exactGradient(true)) < 3 * error);
  });
});

describe('with one truncation over the whole horizon', () => {
  const sameBits = async (on: Engine, optimizer: object, problem: object) => {
    const found: Float32Array[][] = [];
    for (const name of names) {
      const spec = metatrain({ unroll: 5, horizon: 5, functions: 3, estimator: { name } }, optimizer, problem);
      const estimator = new Evolution({ spec, engine: on, datasets: await loadDatasets(spec.problem) }, null);
      const { length } = initialise(spec.optimizer, spec.problem, 1);
      const weights = Float32Array.from({ length }, (_, i) => 0.3 * Math.sin(i));
      const gradients: Float32Array[] = [];
      for (let i = 0; i < 4; i++)
        gradients.push((await estimator.estimate(weights, placeOf(spec.training, i))).gradient.slice());
      estimator.dispose();
      found.push(gradients);
    }
    const [es, pes, nres] = found;
    assert.deepEqual(pes, es);
    assert.deepEqual(nres, es);
    assert.ok(es!.every((gradient) => gradient.some((value) => value !== 0)));
    assert.notDeepEqual(es![1], es![0]);
  };

  it('ES, PES and NRES give the same bits', () => sameBits(engine, { name: 'lstm', layers: [2] }, quadratic));

  it('and for an MLP in the native engine’s lanes', { skip: nativeMissing() }, async () => {
    const problem = { name: 'perceptron', dataset: 'digits-8', hidden: [4], batch: 8 };
    await sameBits(createNativeEngine(engine), { name: 'mlp' }, problem);
  });

  it('and not with two', async () => {
    const last: Float32Array[] = [];
    for (const name of names) {
      const spec = metatrain({ unroll: 5, horizon: 10, functions: 3, estimator: { name, stagger: false } });
      const estimator = new Evolution({ spec, engine, datasets: {} }, null);
      const weights = Float32Array.from({ length: 35 }, (_, i) => 0.3 * Math.sin(i));
      await estimator.estimate(weights, placeOf(spec.training, 0));
      last.push((await estimator.estimate(weights, placeOf(spec.training, 1))).gradient);
      estimator.dispose();
    }
    assert.ok(relativeError(last[1]!, last[0]!) > 0.1 && relativeError(last[2]!, last[0]!) > 0.1);
  });
});

describe('with the analytic gradient as control variate', () => {
  it('PES has the same mean, and much less variance', async () => {
    const iterations = 200;
    const estimates = async (analytic: boolean) => {
      const spec = metatrain(
        { unroll: 5, horizon: 10, functions: 8, estimator: { name: 'pes', analytic, maximumLoss: null } },
        { name: 'lstm', layers: [] },
      );
      const estimator = new Evolution({ spec, engine, datasets: {} }, null);
      const gradients: number[][] = [];
      let variance = 0;
      for (let i = 0; i < iterations; i++) {
        const { gradient, signal } = await estimator.estimate(Float32Array.of(-0.05, 0.01), placeOf(spec.training, i));
        gradients.push([...gradient]);
        variance += signal!.variance;
      }
      estimator.dispose();
      return { gradients, variance };
    };
    const [plain, controlled] = [await estimates(false), await estimates(true)];
    assert.ok(controlled.variance < 0.5 * plain.variance, `${controlled.variance}, ${plain.variance}`);
    // On the same functions and with the same perturbations, so the differences are of the estimates only.
    const differences = plain.gradients.map((one, i) => one.map((value, k) => value - controlled.gradients[i]![k]!));
    const mean = [0, 1].map((k) => differences.reduce((sum, one) => sum + one[k]!, 0) / iterations);
    const spread = differences.reduce((sum, one) => sum + distance(one, mean) ** 2, 0) / (iterations - 1);
    assert.ok(Math.hypot(...mean) < 3 * Math.sqrt(spread / iterations));
    assert.ok(Math.hypot(...mean) > 0);
  });
});
