import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { MlpSpec } from '../../src/contract/networks/mlp.js';
import type { LearnedSpec } from '../../src/contract/optimizers.js';
import { parametersOf } from '../../src/contract/problems.js';
import { flattenWeights } from '../../src/weights/shapes.js';
import { sizeOf } from '../../src/weights/tensors.js';
import { decodeWeights, encodeWeights } from '../../src/weights/weights.js';
import { optimizerOf } from '../core/engines/reference.js';
import { freshMlpState, mlpStep } from '../reference/mlp.js';
import { freshStates, stepAll } from '../reference/optimizer.js';
import { tensorsProblem } from '../support/tensors-problem.js';
import { lstmSpec, mlpSpec, sampleOptimizer, uniform } from '../weights/samples.js';

/** What every drop-in has to reproduce: gradients in, values out, by the fp64 reference. */
export interface Case {
  readonly name: string;
  /** The file. */
  readonly weights: Uint8Array;
  readonly tensors: readonly { readonly name: string; readonly shape: readonly number[] }[];
  readonly learningRate: number;
  readonly weightDecay: number;
  /** θ_0, the tensors one after the other. */
  readonly start: Float32Array;
  /** Of each step, like θ. */
  readonly gradients: readonly Float32Array[];
  /** θ after each step. */
  readonly expected: readonly Float64Array[];
}

const steps = 100;
const folder = fileURLToPath(new URL('../../../examples/optimizers/', import.meta.url));

/** Tensors of rank 0 to 4, two of them kernels of one size. */
const everyRank = [[], [5], [3, 4], [2, 3, 4], [3, 3, 1, 2], [3, 3, 2, 1]];

/** Every optimizer that ships, and one of each other architecture. */
export function frameworkCases(): Case[] {
  const shipped = readdirSync(folder).filter((name) => name.endsWith('.safetensors'));
  const groups: LearnedSpec = {
    name: 'groups',
    groups: [
      { name: 'kernels', parameters: ['t4', 't5'], optimizer: { ...lstmSpec({ layers: [4] }), over: 'kernel' } },
      { name: 'rest', parameters: ['*'], optimizer: mlpSpec('small-fc', { learnDecays: false }) },
    ],
  };
  const preprocessed = (preprocess: ReturnType<typeof lstmSpec>['preprocess']) =>
    lstmSpec({ layers: [4, 3], inputProjection: 5, preprocess });
  const drawn: [string, LearnedSpec][] = [
    ['small-fc', mlpSpec('small-fc')],
    [
      'an MLP with learned decays and a magnitude',
      mlpSpec('celo2-base', { learnDecays: true, output: 'direction-and-magnitude' }),
    ],
    ['an LSTM, as in the paper', preprocessed({ name: 'log-sign-paper', p: 10 })],
    ['an LSTM, as DeepMind’s', preprocessed({ name: 'log-sign-deepmind', k: 5 })],
    ['a linear map', lstmSpec({ layers: [] })],
    ['an LSTM over all coordinates', lstmSpec({ layers: [3], over: 'all' })],
    ['groups', groups],
  ];
  return [
    ...shipped.map((file, i) => caseOf(file, readFileSync(`${folder}${file}`), i)),
    ...drawn.map(([name, spec], i) => {
      const trained = sampleOptimizer(spec, i, 0.3, tensorsProblem(everyRank));
      return caseOf(name, encodeWeights(trained), 100 + i);
    }),
  ];
}

function caseOf(name: string, weights: Uint8Array, seed: number): Case {
  const problem = tensorsProblem(everyRank);
  const tensors = parametersOf(problem);
  const size = tensors.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const draw = uniform(seed);
  // Small, so that what is rounded when an update is added shows little.
  const start = Float32Array.from({ length: size }, () => 0.02 * draw() - 0.01);
  // Of either sign and of sizes from 1e-5 to 1, and some that are 0.
  const gradient = () => (draw() < 0.05 ? 0 : 10 ** (5 * draw() - 5) * (draw() < 0.5 ? -1 : 1));
  const gradients = Array.from({ length: steps }, () => Float32Array.from({ length: size }, gradient));
  const given = {
    name,
    weights: Uint8Array.from(weights),
    tensors,
    learningRate: 0.05,
    weightDecay: 0.01,
    start,
    gradients,
  };
  return { ...given, expected: expectedOf(given) };
}

/** θ ← θ + α (u - λ θ) in double precision. */
function expectedOf({
  weights,
  tensors,
  learningRate,
  weightDecay,
  start,
  gradients,
}: Omit<Case, 'expected'>): Float64Array[] {
  const { spec, tensors: trained } = decodeWeights(weights);
  const phi = [...flattenWeights(trained)];
  const directions = directionsOf(spec, phi, tensors);
  const theta = Float64Array.from(start);
  return gradients.map((gradient, t) => {
    const u = directions([...gradient], [...theta], t);
    for (let i = 0; i < theta.length; i++) theta[i]! += learningRate * (u[i]! - weightDecay * theta[i]!);
    return theta.slice();
  });
}

type Directions = (gradient: number[], theta: number[], t: number) => number[];

function directionsOf(spec: LearnedSpec, phi: number[], tensors: Case['tensors']): Directions {
  if (spec.name === 'mlp') return mlpDirections(spec, phi, tensors);
  if (spec.name === 'lstm') return lstmDirections(spec, phi, tensors);
  // The networks' weights are one after the other; each takes its own tensors.
  let [at, offset] = [0, 0];
  const owners = tensors.map(({ name }) => {
    const named = spec.groups.findIndex(({ parameters }) => parameters.includes(name));
    return named < 0 ? spec.groups.findIndex(({ parameters }) => parameters.includes('*')) : named;
  });
  const places = tensors.map(({ shape }) => {
    offset += sizeOf(shape);
    return Array.from({ length: sizeOf(shape) }, (_, i) => offset - sizeOf(shape) + i);
  });
  const parts = spec.groups.map(({ optimizer }, g) => {
    const own = tensors.filter((_, p) => owners[p] === g);
    const coordinates = places.filter((_, p) => owners[p] === g).flat();
    const count = sampleOptimizer(
      optimizer as LearnedSpec,
      0,
      1,
      tensorsProblem(own.map(({ shape }) => [...shape])),
    ).tensors.reduce((sum, { data }) => sum + data.length, 0);
    at += count;
    return { coordinates, run: directionsOf(optimizer as LearnedSpec, phi.slice(at - count, at), own) };
  });
  return (gradient, theta, t) => {
    const all = new Array<number>(gradient.length);
    for (const { coordinates, run } of parts) {
      const pick = (values: number[]) => coordinates.map((i) => values[i]!);
      const u = run(pick(gradient), pick(theta), t);
      for (const [i, coordinate] of coordinates.entries()) all[coordinate] = u[i]!;
    }
    return all;
  };
}

function lstmDirections(spec: LearnedSpec, phi: number[], tensors: Case['tensors']): Directions {
  const optimizer = optimizerOf(spec, tensorsProblem(tensors.map(({ shape }) => [...shape])));
  const size = tensors.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  let states = freshStates(optimizer, size);
  return (gradient, _theta, t) => {
    const { update, states: next } = stepAll(optimizer, phi, gradient, states, t);
    states = next;
    return update;
  };
}

function mlpDirections(spec: MlpSpec, phi: number[], tensors: Case['tensors']): Directions {
  const states = tensors.map(({ shape }) => freshMlpState(spec, shape));
  return (gradient, theta, t) => {
    let at = 0;
    return tensors.flatMap(({ shape }, p) => {
      const own = (values: number[]) => values.slice(at, at + sizeOf(shape));
      const { s, state } = mlpStep(spec, phi, shape, own(gradient), own(theta), t, states[p]!);
      states[p] = state;
      at += sizeOf(shape);
      return s.map((value) => -value);
    });
  };
}

/** The largest error of θ over all steps, relative to the length of the way that θ has gone so far. */
export function errorOf({ start, expected }: Case, found: readonly ArrayLike<number>[]): number {
  let way = 0;
  let worst = 0;
  let before: ArrayLike<number> = start;
  for (const [t, now] of expected.entries()) {
    let [moved, off] = [0, 0];
    for (let i = 0; i < now.length; i++) {
      moved += (now[i]! - before[i]!) ** 2;
      off += (found[t]![i]! - now[i]!) ** 2;
    }
    way += Math.sqrt(moved);
    worst = Math.max(worst, Math.sqrt(off) / way);
    before = now;
  }
  return worst;
}
