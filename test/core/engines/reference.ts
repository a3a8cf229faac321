import type { LearnedSpec } from '../../../src/contract/optimizers.js';
import { type ProblemSpec, parametersOf } from '../../../src/contract/problems.js';
import type { EpisodeState } from '../../../src/core/engines/engine.js';
import type { FunctionBatch } from '../../../src/core/problems/batch.js';
import type { MiniBatches } from '../../../src/core/problems/mini-batches.js';
import type { Picture } from '../../reference/cross-entropy.js';
import type { State } from '../../reference/network.js';
import { type Optimizer, partsOf, type States } from '../../reference/optimizer.js';
import type { FunctionData } from '../../reference/problems.js';
import { freshMemory, type RuleMemory } from '../../reference/rules.js';
import { freshStart, type Start } from '../../reference/unroll.js';

/** Arguments and results of engines, as those of the fp64 reference. */

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
    case 'simple-multi':
      return { name: problem.name };
    case 'parabola':
      return { name: 'parabola', s: values('s', d) };
    case 'quadratic':
      return { name: 'quadratic', W: matrix('W', d, d), y: values('y', d) };
    case 'mnist': {
      const widths = [miniBatches!.examples.width, ...problem.hidden, 10];
      const network = { widths, activation: problem.activation, loss: 'cross-entropy' } as const;
      return { name: 'perceptron', network, batch: picturesOf(miniBatches!, b) };
    }
    case 'perceptron': {
      const { activation, loss } = problem;
      const widths = [miniBatches!.examples.width, ...problem.hidden, miniBatches!.classes];
      const classes = problem.labels === 'permuted' ? values('classes', miniBatches!.classes) : null;
      const own = (picture: Picture) => ({ ...picture, label: classes ? classes[picture.label]! : picture.label });
      const batch = picturesOf(miniBatches!, b);
      return { name: 'perceptron', network: { widths, activation, loss }, batch: (step) => batch(step).map(own) };
    }
    case 'autoencoder': {
      const { activation, encoder, decoder } = problem;
      const { width } = miniBatches!.examples;
      const widths = [width, ...encoder, ...decoder, width];
      const network = { widths, activation, loss: 'reconstruction' } as const;
      return { name: 'perceptron', network, batch: picturesOf(miniBatches!, b) };
    }
    case 'mixture':
      throw new RangeError('functions of a mixture are its parts’');
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

/** The mini-batch of function b at a step. */
function picturesOf(miniBatches: MiniBatches, b: number): (step: number) => Picture[] {
  const { size, examples } = miniBatches;
  const { inputs, width, labels } = examples;
  return (step) =>
    [...miniBatches.rows(step).subarray(b * size, (b + 1) * size)].map((row) => ({
      pixels: [...inputs.subarray(row * width, (row + 1) * width)].map((byte) => byte / 255),
      label: labels[row]!,
    }));
}

/** A learned optimizer on a problem: which coordinates each network sees at a time, and each rule. */
export function optimizerOf(spec: LearnedSpec, problem: ProblemSpec): Optimizer {
  if (spec.name === 'lstm' && spec.over === 'coordinate') return spec;
  const groups = spec.name === 'groups' ? spec.groups : [{ parameters: ['*'], optimizer: spec }];
  let end = 0;
  const parameters = parametersOf(problem).map(({ name, shape }) => {
    const first = end;
    end += shape.reduce((a, b) => a * b, 1);
    return { name, shape, coordinates: Array.from({ length: end - first }, (_, i) => first + i) };
  });
  const isNamed = (name: string, patterns: string[]) =>
    patterns.some((p) => p === name || (p.length > 1 && p.endsWith('*') && name.startsWith(p.slice(0, -1))));
  const rest = parameters.filter(({ name }) => !groups.some((group) => isNamed(name, group.parameters)));
  return groups.map(({ optimizer, parameters: patterns }) => {
    if (optimizer.name === 'mlp') throw new Error('test/reference/mlp.ts has the MLP');
    const own = parameters.filter(({ name }) => isNamed(name, patterns));
    if (patterns.includes('*')) own.push(...rest);
    own.sort((a, b) => a.coordinates[0]! - b.coordinates[0]!);
    const coordinates = own.flatMap((parameter) => parameter.coordinates);
    if (optimizer.name !== 'lstm' || optimizer.over === 'coordinate')
      return { optimizer, blocks: coordinates.map((i) => [i]) };
    return { optimizer, blocks: optimizer.over === 'all' ? [coordinates] : own.flatMap(kernelsOf) };
  });
}

/** The coordinates of a convolution's kernels [k, k, in, out], those of each pair of channels together. */
function kernelsOf({ shape, coordinates }: { shape: readonly number[]; coordinates: number[] }): number[][] {
  const [height, width, inputs, outputs] = shape as [number, number, number, number];
  const blocks: number[][] = [];
  for (let i = 0; i < inputs; i++)
    for (let o = 0; o < outputs; o++) {
      const block: number[] = [];
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) block.push(coordinates[((y * width + x) * inputs + i) * outputs + o]!);
      blocks.push(block);
    }
  return blocks;
}

/** Each function's start, with a fresh state of the optimizer. */
export function startsOf(optimizer: Optimizer, { count, dimension: d, start }: FunctionBatch): Start[] {
  return Array.from({ length: count }, (_, b) => freshStart(optimizer, [...start.slice(b * d, (b + 1) * d)]));
}

/** The same from an episode's state. */
export function startsAt(optimizer: Optimizer, { theta, hidden, step }: EpisodeState, count: number): Start[] {
  const d = theta.length / count;
  let offset = 0;
  /** [units, blocks] as [block of any function][unit] */
  const take = (units: number, blocks: number) => {
    const values = hidden.subarray(offset, offset + units * blocks);
    offset += units * blocks;
    return Array.from({ length: blocks }, (_, i) => Array.from({ length: units }, (_, u) => values[u * blocks + i]!));
  };
  // Per part, the states of all functions' blocks, function by function.
  const parts = partsOf(optimizer, d).map(({ optimizer, blocks }) => {
    const n = blocks.length * count;
    if (optimizer.name !== 'lstm') return take(freshMemory(optimizer).length, n);
    const layers = optimizer.layers.map((units) => ({ h: take(units, n), c: take(units, n) }));
    return Array.from({ length: n }, (_, i) => ({
      h: layers.map(({ h }) => h[i]!),
      c: layers.map(({ c }) => c[i]!),
    }));
  });
  return Array.from({ length: count }, (_, b) => ({
    theta: [...theta.slice(b * d, (b + 1) * d)],
    states: parts.map((all) => all.slice((b * all.length) / count, ((b + 1) * all.length) / count)) as States,
    step,
  }));
}

/**
 * The reference's states in an engine's layout: a network's h, then c, of each layer in turn, each [units, blocks]; a
 * rule's vectors.
 */
export function hiddenOf(optimizer: Optimizer, starts: readonly Start[]): number[] {
  return partsOf(optimizer, starts[0]!.theta.length).flatMap(({ optimizer }, p) => {
    const states = starts.flatMap((start) => start.states[p]!);
    if (optimizer.name !== 'lstm')
      return freshMemory(optimizer).flatMap((_, v) => (states as RuleMemory[]).map((memory) => memory[v]!));
    return optimizer.layers.flatMap((units, layer) =>
      (['h', 'c'] as const).flatMap((part) =>
        Array.from({ length: units }, (_, u) => (states as State[]).map((state) => state[part][layer]![u]!)).flat(),
      ),
    );
  });
}
