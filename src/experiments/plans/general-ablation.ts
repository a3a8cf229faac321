import type { EstimatorSpec } from '../../contract/estimators.js';
import type { MlpSpec } from '../../contract/networks/mlp.js';
import { mlpFeatures } from '../../contract/networks/mlp-features.js';
import type { MixtureSpec } from '../../contract/problems/mixture.js';
import type { PerceptronSpec } from '../../contract/problems/perceptron.js';
import type { ProblemSpec } from '../../contract/problems.js';
import type { TrainingSpec } from '../../contract/training.js';
import type { Budget, Input, Plan, PlannedJob } from '../plan.js';
import { proxy, recipe, tasks } from './general-recipe.js';

const sizes: Record<Budget, { iterations: number; seeds: number; steps: number }> = {
  quick: { iterations: 10, seeds: 1, steps: 20 },
  standard: { iterations: 2000, seeds: 2, steps: 500 },
  full: { iterations: 20_000, seeds: 3, steps: 1000 },
};

interface Change {
  readonly name: string;
  /** What is left out, or takes its place; empty for the base. */
  readonly change: string;
  readonly problem?: Input<MixtureSpec>;
  readonly optimizer?: Input<Omit<MlpSpec, 'name'>>;
  readonly training?: (base: Input<TrainingSpec>) => Input<TrainingSpec>;
}

/** The estimator with another field. */
function estimator(fields: object): NonNullable<Change['training']> {
  return (base) => ({ ...base, estimator: { ...base.estimator, ...fields } as Input<EstimatorSpec> });
}

/** What depends on rows, columns and the factored moments. */
const factored = mlpFeatures.filter(
  (name) => name.includes('factored') || name.includes('row') || name.includes('column'),
);

const changes: readonly Change[] = [
  { name: 'base', change: '' },
  {
    name: 'one-task',
    change: 'one task of four: digits',
    problem: { ...tasks, components: tasks.components!.slice(0, 1) },
  },
  { name: 'no-scales', change: 'no random scales', problem: withRange(null) },
  { name: 'wide-scales', change: 'scales 1/1000 … 1000, as in the papers', problem: withRange(Math.log(1000)) },
  { name: 'es', change: 'truncated ES in place of PES', training: estimator({ name: 'es' }) },
  { name: 'nres', change: 'NRES in place of PES', training: estimator({ name: 'nres' }) },
  {
    name: 'short-horizons',
    change: 'horizons of 100 steps',
    training: estimator({ horizons: { minimum: 100, maximum: 100 } }),
  },
  { name: 'no-maximum', change: 'no maximum of a loss', training: estimator({ maximumLoss: null }) },
  {
    name: 'no-clipping',
    change: 'no clipping of the meta-gradient',
    training: (base) => ({ ...base, clipNorm: null }),
  },
  {
    name: 'constant-rate',
    change: 'a constant outer rate',
    training: (base) => ({ ...base, schedule: { name: 'constant', warmup: base.schedule!.warmup! } }),
  },
  {
    name: 'last-weights',
    change: 'the last weights, not the best on the proxy',
    training: (base) => ({ ...base, validation: { ...base.validation, every: base.iterations! } }),
  },
  {
    name: 'raw-features',
    change: 'features that are not normalised',
    optimizer: { normaliseFeatures: 'none' },
  },
  {
    name: 'raw-update',
    change: 'an update that is not normalised, with a magnitude',
    optimizer: { normaliseUpdate: 'none', output: 'direction-and-magnitude' },
  },
  {
    name: 'no-factored',
    change: 'no factored moments',
    optimizer: {
      features: mlpFeatures.filter((name) => name !== 'time' && !factored.includes(name)),
      vectorFeatures: null,
    },
  },
  { name: 'one-momentum', change: 'one momentum, 0.9', optimizer: { momenta: [0.9], factored: [0.9] } },
  { name: 'wider', change: 'hidden layers of 32 units', optimizer: { hidden: [32, 32] } },
];

/** The tasks with other scales; null for none. */
function withRange(range: number | null): Input<MixtureSpec> {
  const components = tasks.components!.map(({ problem }) => {
    const { problem: inner } = problem as { problem: Input<ProblemSpec> };
    return { problem: range === null ? inner : { ...problem, range } } as { problem: Input<ProblemSpec> };
  });
  return { ...tasks, components } as Input<MixtureSpec>;
}

/** Where the optimizers are compared: not the suite, by which nothing is chosen. */
const compared: readonly { name: string; title: string; problem: Input<ProblemSpec> }[] = [
  { name: 'proxy', title: 'The proxy', problem: proxy },
  { name: 'two-layers', title: 'Two layers, ReLU', problem: perceptron({ dataset: 'digits-8', hidden: [40, 24] }) },
  { name: 'sigmoid', title: 'Sigmoid', problem: { name: 'mnist', hidden: [16] } },
  {
    name: 'autoencoder',
    title: 'Autoencoder',
    problem: { name: 'autoencoder', dataset: 'digits-8', encoder: [24, 8], decoder: [24], batch: 32 },
  },
];

function perceptron(fields: Input<Omit<PerceptronSpec, 'name'>>): Input<ProblemSpec> {
  return { name: 'perceptron', activation: 'relu', batch: 32, ...fields };
}

export const generalAblation: Plan = {
  name: 'general-ablation',
  title: 'An optimizer that carries over, one ingredient at a time',
  source: 'the recipe of the plan general, and what arXiv 2203.11860, 2501.12670 and 2602.19142 have in its place',
  summary:
    'Short trainings by the recipe of the plan general, each with one ingredient left out or replaced. All take the same number of outer steps, and are compared on four networks that are neither trained on nor in that plan’s suite, with rates that are tuned for each. Each is trained from several seeds: a difference that is smaller than their spread says nothing, and one at this length need not hold at another.',
  ablation: (budget) => ({
    variants: changes.map((change) => ({
      change: change.change,
      jobs: jobsOf(change, budget).map(({ name }) => name),
    })),
    areDocuments: false,
    columns: compared.map(({ name, title }) => ({ title, measure: 'tail', comparison: name })),
  }),
  jobs: (budget) => changes.flatMap((change) => jobsOf(change, budget)),
};

function jobsOf(change: Change, budget: Budget): PlannedJob[] {
  return Array.from({ length: sizes[budget].seeds }, (_, i) => jobsOfSeed(change, i + 1, budget)).flat();
}

/** A training from one seed, and its comparisons on the same functions as all others’. */
function jobsOfSeed(change: Change, seed: number, budget: Budget): PlannedJob[] {
  const { iterations, steps } = sizes[budget];
  const name = `${change.name}-${seed}`;
  const isYardstick = change.name === 'base' && seed === 1;
  const warmup = Math.ceil(iterations / 20);
  const base = recipe({ iterations, warmup, every: Math.ceil(iterations / 10), functions: 4, horizon: steps });
  return [
    {
      name,
      title: `Training: ${change.change || 'the base'}, seed ${seed}`,
      train: {
        seed,
        problem: change.problem ?? tasks,
        optimizer: { name: 'mlp', ...change.optimizer },
        training: change.training?.(base) ?? base,
      },
    },
    ...compared.map(
      (one): PlannedJob => ({
        name: `${name}-${one.name}`,
        title: `${one.title}: ${change.change || 'the base'}, seed ${seed}`,
        of: name,
        compare: {
          problem: one.problem,
          comparison: {
            functions: 4,
            steps,
            baselines: isYardstick ? [{ name: 'adam' }] : [],
            learned: { learningRate: 'tuned' },
            tuning: { functions: 2, measure: 'tail', examples: 'held-out', ratio: Math.sqrt(10), points: 5 },
          },
        },
      }),
    ),
  ];
}
