import { stringify } from 'yaml';
import type { LstmSpec } from '../../contract/networks/lstm.js';
import type { MetatrainSpec } from '../../contract/spec.js';
import type { TrainingSpec } from '../../contract/training.js';
import { parseJobSpec } from '../../contract/validate.js';
import type { Budget, Input, Plan, PlannedJob } from '../plan.js';
import * as quadratic from './quadratic.js';

const sizes: Record<Budget, { iterations: number; seeds: number; validated: number; compared: number }> = {
  quick: { iterations: 800, seeds: 1, validated: 256, compared: 2000 },
  standard: { iterations: 8000, seeds: 3, validated: 1024, compared: 10_000 },
  full: { iterations: 40_000, seeds: 5, validated: 4096, compared: 50_000 },
};

const problem = { name: 'quadratic', dimension: 10, distribution: 'uniform' } as const;
const functions = 16;
/** Of the comparisons. */
const steps = 100;

interface Change {
  name: string;
  training?: Input<TrainingSpec>;
  optimizer?: Input<Omit<LstmSpec, 'name'>>;
}

/** The change in each row of the table, the base first. */
function changes(iterations: number, validated: number): readonly Change[] {
  const { unroll, horizon } = quadratic.training;
  return [
    { name: 'base' },
    { name: 'constant-rate', training: { schedule: { name: 'constant', warmup: warmupOf(iterations) } } },
    { name: 'lower-rate', training: { learningRate: 0.001 } },
    { name: 'higher-rate', training: { learningRate: 0.016 } },
    { name: 'no-clipping', training: { clipNorm: null } },
    { name: 'no-preprocessing', optimizer: { preprocess: { name: 'none' } } },
    { name: 'deepmind-preprocessing', optimizer: { preprocess: { name: 'log-sign-deepmind', k: 5 } } },
    { name: 'output-scale', optimizer: { outputScale: 1 } },
    { name: 'functions-1', training: { functions: 1 } },
    { name: 'functions-128', training: { functions: 128 } },
    ...[5, 10, 50, 100].map((unroll) => ({ name: `unroll-${unroll}`, training: { unroll } })),
    {
      name: 'growing-horizon',
      training: {
        horizon: 20,
        curriculum: [
          { from: iterations / 4, horizon: 40, unroll },
          { from: iterations / 2, horizon, unroll },
        ],
      },
    },
    {
      // Half of the steps at each length.
      name: 'growing-unroll',
      training: {
        unroll: unroll / 2,
        curriculum: [{ from: iterations, horizon, unroll: 50 }],
        iterations: iterations + (iterations * unroll) / (2 * 50),
      },
    },
    { name: 'objective-log', training: { objective: 'log' } },
    { name: 'objective-relative', training: { objective: 'relative' } },
    { name: 'meta-loss-sum', training: { metaLoss: 'sum' } },
    { name: 'meta-loss-final', training: { metaLoss: 'final' } },
    { name: 'random-scaling', training: { randomScaling: 1 } },
    {
      // The rate that the plan quadratic finds best for the sum.
      name: 'imitation',
      training: { imitation: { rule: { name: 'adam', learningRate: 0.133 }, iterations: iterations / 8 } },
    },
    { name: 'last-weights', training: { validation: { every: iterations, functions: validated } } },
    { name: 'one-layer', optimizer: { layers: [20] } },
    { name: 'ten-units', optimizer: { layers: [10, 10] } },
    { name: 'input-projection', optimizer: { inputProjection: 20 } },
    // To try another option, add a line: in the same folder, the command runs only what is new.
    { name: 'defaults', ...defaults() },
  ];
}

/** The defaults from which the base differs. */
function defaults(): Omit<Change, 'name'> {
  const spec = parseJobSpec({ kind: 'metatrain', problem, optimizer: { name: 'lstm' } }) as MetatrainSpec;
  const { functions, learningRate, schedule, clipNorm, metaLoss } = spec.training;
  const { preprocess, outputScale } = spec.optimizer as LstmSpec;
  return {
    training: { functions, learningRate, schedule, clipNorm, metaLoss },
    optimizer: { preprocess, outputScale },
  };
}

/** Every variant takes the same total number of steps; settings in meta-iterations scale with their number. */
function trainingOf({ training = {} }: Change, budget: Budget): Input<TrainingSpec> {
  const size = sizes[budget];
  const base = quadratic.training;
  const shares = (base.unroll / (training.unroll ?? base.unroll)) * (functions / (training.functions ?? functions));
  const { iterations = size.iterations * shares } = training;
  return {
    ...base,
    functions,
    schedule: { ...base.schedule, warmup: warmupOf(iterations) },
    validation: { every: Math.ceil(iterations / 20), functions: size.validated },
    ...training,
    iterations,
  };
}

function warmupOf(iterations: number): number {
  return Math.ceil(iterations / 100);
}

/** For example "unroll: 5, iterations: 40000". */
function textOf(change: Change, budget: Budget): string {
  if (!change.training && !change.optimizer) return '';
  const { iterations } = trainingOf(change, budget);
  const changed = {
    ...change.training,
    ...change.optimizer,
    ...(iterations !== sizes[budget].iterations && { iterations }),
  };
  return stringify(changed, { collectionStyle: 'flow', lineWidth: 0 }).trim().slice(2, -2);
}

export const ablation: Plan = {
  name: 'ablation',
  title: 'One option at a time: an ablation of meta-training',
  source: 'arXiv 1606.04474, section 3.1, and the options that have been proposed since',
  summary:
    'Optimizers for the quadratics of the uniform form, each trained with one option changed from a base, which is a smaller version of the plan quadratic’s. All take the same total number of steps, so a variant with fewer functions or shorter unrolls takes more meta-iterations. All are compared on the same fresh functions, and each is trained from several seeds: a difference that is smaller than their spread says nothing. What helps here need not help on other problems, nor at other lengths of training.',
  ablation: (budget) => ({
    variants: changesOf(budget).map((change) => ({
      change: textOf(change, budget),
      jobs: jobsOf(change, budget).map(({ name }) => name),
    })),
    areDocuments: true,
    columns: [
      { title: `Sum, t = 0 … ${steps - 1}`, measure: 'sum', comparison: String(steps) },
      { title: `Final loss, t = ${steps}`, measure: 'final', comparison: String(steps) },
    ],
  }),
  jobs: (budget) => changesOf(budget).flatMap((change) => jobsOf(change, budget)),
};

function changesOf(budget: Budget): readonly Change[] {
  return changes(sizes[budget].iterations, sizes[budget].validated);
}

function jobsOf(change: Change, budget: Budget): PlannedJob[] {
  return Array.from({ length: sizes[budget].seeds }, (_, i) => jobsOfSeed(change, i + 1, budget)).flat();
}

/** A training from one seed, and its comparison on the same functions as all others. */
function jobsOfSeed(change: Change, seed: number, budget: Budget): PlannedJob[] {
  const name = `${change.name}-${seed}`;
  const isYardstick = change.name === 'base' && seed === 1;
  return [
    {
      name,
      title: `Training: ${change.name}, seed ${seed}`,
      train: {
        seed,
        problem,
        optimizer: { ...quadratic.optimizer, ...change.optimizer },
        training: trainingOf(change, budget),
      },
    },
    {
      name: `${name}-${steps}`,
      title: `${steps} steps: ${change.name}, seed ${seed}`,
      of: name,
      compare: {
        problem,
        comparison: {
          functions: sizes[budget].compared,
          steps,
          baselines: isYardstick ? [{ name: 'nag' }] : [],
          tuning: { functions: sizes[budget].compared, measures: ['sum', 'final'] },
        },
      },
    },
  ];
}
