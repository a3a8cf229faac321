import type { RuleSpec } from '../../contract/optimizers.js';
import type { MixtureSpec } from '../../contract/problems/mixture.js';
import type { PerceptronSpec } from '../../contract/problems/perceptron.js';
import type { ProblemSpec } from '../../contract/problems.js';
import type { MetatrainSpec } from '../../contract/spec.js';
import type { Budget, Input, Plan, PlannedJob, Suite } from '../plan.js';
import { suiteJob, suiteOf } from '../suite/tasks.js';

/** Outer steps of the MLP; the LSTM has a sixteenth of them, which take it about as long. */
const sizes: Record<Budget, { iterations: number; every: number; validated: number; proxySteps: number }> = {
  quick: { iterations: 20, every: 10, validated: 2, proxySteps: 50 },
  standard: { iterations: 20_000, every: 500, validated: 4, proxySteps: 1000 },
  full: { iterations: 100_000, every: 1000, validated: 4, proxySteps: 1000 },
};

/**
 * An 8 × 8 perceptron 64-32-10 or 64-32-8, whose coordinates have a scale drawn log-uniformly from 1/100 to 100. The papers
 * have 1/1000 to 1000, at whose ends steps of a fixed length are too short or too long for any direction to help.
 */
function task(fields: Input<Omit<PerceptronSpec, 'name'>>): Input<MixtureSpec['components'][number]> {
  const inner = { name: 'perceptron', hidden: [32], activation: 'relu', batch: 64, ...fields };
  return { problem: { name: 'rescaled', per: 'global', range: Math.log(100), problem: inner } };
}

/** Four tasks of one size, as in arXiv 2501.12670 and 2602.19142, of data that needs no download. */
const problem: Input<ProblemSpec> = {
  name: 'mixture',
  components: [
    task({ dataset: 'digits-8' }),
    task({ dataset: 'shapes-8-grey' }),
    task({ dataset: 'digits-8', labels: 'permuted', loss: 'squared-error' }),
    task({ dataset: 'shapes-8-grey', labels: 'permuted', activation: 'tanh' }),
  ],
};

/** Larger images, wider, longer: what the optimizer is meant for, and neither trained on nor in the suite. */
const proxy: Input<ProblemSpec> = { name: 'perceptron', dataset: 'shapes-16-grey', hidden: [48], batch: 32 };

function training(budget: Budget, share = 1): Input<MetatrainSpec['training']> {
  const { iterations, every, validated, proxySteps } = sizes[budget];
  return {
    iterations: Math.ceil(iterations * share),
    unroll: 50,
    functions: 32,
    // Of the worst of these losses, which is that of guessing, one and a half times as much says nothing more.
    estimator: { name: 'pes', sigma: 0.01, horizons: { minimum: 100, maximum: 2000 }, maximumLoss: 1.5 * Math.log(10) },
    learningRate: 1e-3,
    schedule: { name: 'cosine', warmup: Math.min(100, iterations / 20), finalFraction: 0.05 },
    clipNorm: 1,
    validation: {
      every: Math.ceil(every * share),
      functions: validated,
      problem: proxy,
      horizon: proxySteps,
      measure: 'tail',
    },
  };
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
      train: { problem, optimizer: { name: 'mlp' }, training: training(budget) },
    },
    {
      name: 'lstm',
      title: 'Training: the LSTM',
      train: {
        problem,
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
