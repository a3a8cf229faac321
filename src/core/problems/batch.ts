import { type Datasets, datasetFrom, type Examples } from '../../contract/datasets.js';
import { componentsOf } from '../../contract/mixtures.js';
import type { DatasetName } from '../../contract/problems/family.js';
import { coordinates, familyOf, type ProblemSpec, partsOf } from '../../contract/problems.js';
import { Purpose, RandomStream } from '../random/random.js';
import { joined } from './joined.js';
import { MiniBatches } from './mini-batches.js';
import { componentOf } from './mixture.js';
import type { FunctionData } from './problem.js';
import { problemOf } from './registry.js';
import { arraysOf, type DrawsOrigin, rowsOf, StepDraws } from './step-draws.js';

/** A batch of functions of one family, with their starting points. */
export interface FunctionBatch {
  readonly problem: ProblemSpec;
  /** B */
  readonly count: number;
  /** d: coordinates per function; of a mixture, of the largest component's. */
  readonly dimension: number;
  /** Each [B, …shape]. */
  readonly data: FunctionData;
  /** For families that learn from examples. */
  readonly miniBatches: MiniBatches | null;
  /** For families that draw at every step. */
  readonly stepDraws: StepDraws | null;
  /** The parts of composite functions; of a mixture, the functions of each component that has some. */
  readonly parts: readonly FunctionBatch[];
  /** θ_0 [B, d]; of a mixture, its parts' one after the other. */
  readonly start: Float32Array;
  /** Only of a mixture: the places, from 0 to B - 1, of each part's functions in the batch. */
  readonly places?: readonly (readonly number[])[];
}

/** Which examples of a data set functions see. */
export type ExampleSet = 'training' | 'held-out';

/**
 * Draws functions `first` … `first + count - 1` of a purpose. Function i is the same in every batch, and different
 * purposes never share a function. A single function of a mixture is a function of its component.
 * @param examples by default the held-out ones for a comparison, the training ones otherwise
 * @throws DatasetError if the problem needs a data set that is not given
 */
export function sampleFunctions(
  problem: ProblemSpec,
  seed: number,
  purpose: Purpose,
  first: number,
  count: number,
  datasets: Datasets = {},
  examples: ExampleSet = purpose === Purpose.comparison ? 'held-out' : 'training',
): FunctionBatch {
  const examplesOf = (name: DatasetName) => {
    const { training, heldOut } = datasetFrom(datasets, name);
    return examples === 'held-out' ? heldOut : training;
  };
  const drawAll = (component: ProblemSpec, numbers: readonly number[]): FunctionBatch => {
    let source = 0;
    const batch = prepare(component, examplesOf, () => ({ seed, purpose, numbers, source: source++ }));
    for (let b = 0; b < numbers.length; b++) draw(batch, b, new RandomStream(seed, purpose, numbers[b]!));
    return batch;
  };
  const numbers = Array.from({ length: count }, (_, b) => first + b);
  if (problem.name !== 'mixture') return drawAll(problem, numbers);
  const owners = numbers.map((number) => componentOf(problem, number));
  const parts = componentsOf(problem).flatMap((component, c) => {
    const places = [...owners.keys()].filter((b) => owners[b] === c);
    const own = places.map((b) => numbers[b]!);
    return own.length === 0 ? [] : [{ places, batch: drawAll(component, own) }];
  });
  return count === 1 ? parts[0]!.batch : mixed(problem, count, parts);
}

function mixed(
  problem: ProblemSpec,
  count: number,
  all: readonly { readonly places: readonly number[]; readonly batch: FunctionBatch }[],
): FunctionBatch {
  const parts = all.map(({ batch }) => batch);
  return {
    problem,
    count,
    dimension: coordinates(problem),
    data: {},
    miniBatches: null,
    stepDraws: null,
    parts,
    start: joined(parts.map(({ start }) => start)),
    places: all.map(({ places }) => places),
  };
}

/** The batch, before its functions are drawn. */
function prepare(
  problem: ProblemSpec,
  examplesOf: (name: DatasetName) => Examples,
  nextOrigin: () => DrawsOrigin,
): FunctionBatch {
  const { shapes, everyStep } = problemOf(problem);
  const parts = partsOf(problem).map((part) => prepare(part, examplesOf, nextOrigin));
  const drawn = familyOf(problem).miniBatch?.(problem);
  const origin = nextOrigin();
  const count = origin.numbers.length;
  const dimension = coordinates(problem);
  return {
    problem,
    count,
    dimension,
    data: arraysOf(shapes(problem), count),
    miniBatches: drawn ? new MiniBatches({ ...drawn, examples: examplesOf(drawn.dataset) }, origin) : null,
    stepDraws: everyStep
      ? new StepDraws(everyStep.shapes(problem), (random, data) => everyStep.sample(problem, random, data), origin)
      : null,
    parts,
    start: new Float32Array(count * dimension),
  };
}

/** Draws one function, the parts of a composite first. */
function draw({ problem, count, dimension, data, parts, start }: FunctionBatch, b: number, random: RandomStream): void {
  const own = start.subarray(b * dimension, (b + 1) * dimension);
  let offset = 0;
  for (const part of parts) {
    draw(part, b, random);
    own.set(part.start.subarray(b * part.dimension, (b + 1) * part.dimension), offset);
    offset += part.dimension;
  }
  problemOf(problem).sample(problem, random, rowsOf(data, count, b), own);
}
