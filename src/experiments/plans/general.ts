import type { RuleSpec } from '../../contract/optimizers.js';
import type { MetatrainSpec } from '../../contract/spec.js';
import type { Budget, Input, Plan, PlannedJob, Suite } from '../plan.js';
import { suiteJob, suiteOf } from '../suite/tasks.js';
import { type Extent, recipe, tasks } from './general-recipe.js';

/** Of the MLP; the LSTM has a sixteenth of the outer steps, which take it about as long. */
const extents: Record<Budget, Extent> = {
  quick: { iterations: 20, warmup: 1, every: 10, functions: 2, horizon: 50 },
  standard: { iterations: 20_000, warmup: 100, every: 500, functions: 4, horizon: 1000 },
  full: { iterations: 100_000, warmup: 100, every: 1000, functions: 4, horizon: 1000 },
};

function training(budget: Budget, share = 1): Input<MetatrainSpec['training']> {
  const { iterations, every, ...others } = extents[budget];
  return recipe({ iterations: Math.ceil(iterations * share), every: Math.ceil(every * share), ...others });
}

/** With constant rates, each tuned per task; AdamW also with a cosine. */
const baselines: readonly Input<RuleSpec>[] = [
  { name: 'adam' },
  { name: 'adamw' },
  { name: 'adamw', schedule: { name: 'cosine' } },
  { name: 'nadamw' },
  { name: 'lion' },
  { name: 'muon' },
  { name: 'schedule-free-adamw' },
  { name: 'momentum' },
];

const learned = [
  { name: 'general', title: 'MLP', of: 'general', use: {} },
  { name: 'general-cosine', title: 'MLP, cosine', of: 'general', use: { schedule: { name: 'cosine' } } },
  { name: 'lstm', title: 'LSTM, same recipe', of: 'lstm', use: {} },
] as const;

export const general: Plan = {
  name: 'general',
  title: 'An optimizer that carries over',
  source: 'arXiv 2602.19142 (Celo2-base); the suite is ours',
  summary:
    'A small MLP over momenta and second moments is trained by persistent evolution strategies on four small perceptrons, and then judged on 16 tasks that it has never seen, with rates that are tuned per task as the rules’ are. The weights are those that do best on a larger perceptron, which is not in the suite either. Beside it stands an LSTM trained by the same recipe, for a sixteenth of the outer steps, which take it about as long.',
  jobs: (budget) => [
    {
      name: 'general',
      title: 'Training: the MLP',
      train: { problem: tasks, optimizer: { name: 'mlp' }, training: training(budget) },
    },
    {
      name: 'lstm',
      title: 'Training: the LSTM',
      train: {
        problem: tasks,
        optimizer: {
          name: 'lstm',
          layers: [20, 20],
          preprocess: { name: 'log-sign-paper', p: 10 },
          outputScale: 0.001,
        },
        training: training(budget, 1 / 16),
      },
    },
    ...suiteOf(budget).flatMap((one) =>
      learned.map(
        ({ name, of, use }, i): PlannedJob =>
          suiteJob(
            one,
            name,
            of,
            { baselines: i === 0 ? baselines : [], learned: { learningRate: 'tuned', ...use } },
            budget,
          ),
      ),
    ),
  ],
  suite: (budget): Suite => ({ tasks: suiteOf(budget), learned }),
};
