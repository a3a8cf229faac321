import type { LstmSpec } from '../../../src/contract/optimizers.js';
import type { EpisodeState } from '../../../src/core/engines/engine.js';
import type { FunctionBatch } from '../../../src/core/problems/batch.js';
import type { MiniBatches } from '../../../src/core/problems/mini-batches.js';
import type { Picture } from '../../reference/cross-entropy.js';
import type { FunctionData } from '../../reference/problems.js';
import { freshStart, type Start } from '../../reference/unroll.js';

/** What engines take and give, in the terms of the fp64 reference. */

/** The functions of a batch, one by one. */
export function functionsOf(batch: FunctionBatch): FunctionData[] {
  return Array.from({ length: batch.count }, (_, b) => functionOf(batch, b));
}

function functionOf(batch: FunctionBatch, b: number): FunctionData {
  const { problem, dimension: d, data, miniBatches, stepDraws, parts } = batch;
  const values = (name: string, size: number) => [...data[name]!.slice(b * size, (b + 1) * size)];
  const matrix = (name: string, rows: number, columns: number) => {
    const all = values(name, rows * columns);
    return Array.from({ length: rows }, (_, i) => all.slice(i * columns, (i + 1) * columns));
  };
  switch (problem.name) {
    case 'simple':
      return { name: 'simple' };
    case 'parabola':
      return { name: 'parabola', s: values('s', d) };
    case 'quadratic':
      return { name: 'quadratic', W: matrix('W', d, d), y: values('y', d) };
    case 'mnist': {
      const widths = [miniBatches!.examples.width, ...problem.hidden, 10];
      return { name: 'mnist', network: { widths, activation: problem.activation }, batch: picturesOf(miniBatches!, b) };
    }
    case 'cifar':
    case 'shapes': {
      const { channels, kernel, hidden, classes, batchNorm } = problem;
      const side = problem.name === 'cifar' ? 32 : problem.side;
      const network = { side, channels, kernel, hidden, classes: classes.length, batchNorm };
      return { name: 'conv-net', network, batch: picturesOf(miniBatches!, b) };
    }
    case 'logistic': {
      const { features, examples, l2 } = problem;
      return { name: 'logistic', X: matrix('X', examples, features), y: values('y', examples), l2 };
    }
    case 'rosenbrock':
      return { name: 'rosenbrock', o: values('o', d), a: values('a', d - 1) };
    case 'rastrigin': {
      const { alpha } = problem;
      return { name: 'rastrigin', A: matrix('A', d, d), b: values('b', d), c: values('c', d), alpha };
    }
    case 'ackley':
      return { name: 'ackley', o: values('o', d) };
    case 'lasso': {
      const { rows, l1 } = problem;
      return { name: 'lasso', A: matrix('A', rows, d), b: values('b', rows), l1 };
    }
    case 'rescaled':
      return { name: 'rescaled', inner: functionOf(parts[0]!, b), c: values('c', d) };
    case 'noisy': {
      const noise = (step: number) => [...stepDraws!.at(step).noise!.slice(b * d, (b + 1) * d)];
      return { name: 'noisy', inner: functionOf(parts[0]!, b), noise };
    }
    case 'ensemble': {
      const members = parts.map((part, i) => {
        const { weight } = problem.members[i]!;
        return { f: functionOf(part, b), weight, dimension: part.dimension };
      });
      return { name: 'ensemble', members };
    }
  }
}

/** What function b sees at a step. */
function picturesOf(miniBatches: MiniBatches, b: number): (step: number) => Picture[] {
  const { size, examples } = miniBatches;
  const { inputs, width, labels } = examples;
  return (step) =>
    [...miniBatches.rows(step).subarray(b * size, (b + 1) * size)].map((row) => ({
      pixels: [...inputs.subarray(row * width, (row + 1) * width)].map((byte) => byte / 255),
      label: labels[row]!,
    }));
}

/** Each function's start, with a fresh state of the optimizer. */
export function startsOf(spec: LstmSpec, { count, dimension: d, start }: FunctionBatch): Start[] {
  return Array.from({ length: count }, (_, b) => freshStart(spec, [...start.slice(b * d, (b + 1) * d)]));
}

/** The same where an episode's state says that the functions stand. */
export function startsAt(spec: LstmSpec, { theta, hidden, step }: EpisodeState, count: number): Start[] {
  const [n, d] = [theta.length, theta.length / count];
  let offset = 0;
  /** [coordinate][unit], out of [units, n] */
  const take = (units: number) => {
    const values = hidden.subarray(offset, offset + units * n);
    offset += units * n;
    return Array.from({ length: n }, (_, i) => Array.from({ length: units }, (_, u) => values[u * n + i]!));
  };
  const layers = spec.layers.map((units) => ({ h: take(units), c: take(units) }));
  return Array.from({ length: count }, (_, b) => ({
    theta: [...theta.slice(b * d, (b + 1) * d)],
    states: Array.from({ length: d }, (_, j) => ({
      h: layers.map((layer) => layer.h[b * d + j]!),
      c: layers.map((layer) => layer.c[b * d + j]!),
    })),
    step,
  }));
}

/** The reference's states as an engine lays them out: h, then c, of each layer in turn, each [units, n]. */
export function hiddenOf(spec: LstmSpec, starts: readonly Start[]): number[] {
  const states = starts.flatMap((start) => start.states);
  return spec.layers.flatMap((units, layer) =>
    (['h', 'c'] as const).flatMap((part) =>
      Array.from({ length: units }, (_, u) => states.map((state) => state[part][layer]![u]!)).flat(),
    ),
  );
}
