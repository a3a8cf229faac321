import type { MixtureSpec } from '../../contract/problems/mixture.js';
import type { PerceptronSpec } from '../../contract/problems/perceptron.js';
import type { ProblemSpec } from '../../contract/problems.js';
import type { TrainingSpec } from '../../contract/training.js';
import type { Input } from '../plan.js';

/** How an optimizer that carries over is trained: after arXiv 2602.19142 (Celo2-base), on data that needs no download. */

/**
 * An 8 × 8 perceptron 64-32-10 or 64-32-8, whose coordinates have a scale drawn log-uniformly from 1/100 to 100. The papers
 * have 1/1000 to 1000, at whose ends steps of a fixed length are too short or too long for any direction to help.
 */
function task(fields: Input<Omit<PerceptronSpec, 'name'>>): Input<MixtureSpec['components'][number]> {
  const inner = { name: 'perceptron', hidden: [32], activation: 'relu', batch: 64, ...fields };
  return { problem: { name: 'rescaled', per: 'global', range: Math.log(100), problem: inner } };
}

/** Four tasks of one size, as in arXiv 2501.12670 and 2602.19142, of data that needs no download. */
export const tasks: Input<MixtureSpec> = {
  name: 'mixture',
  components: [
    task({ dataset: 'digits-8' }),
    task({ dataset: 'shapes-8-grey' }),
    task({ dataset: 'digits-8', labels: 'permuted', loss: 'squared-error' }),
    task({ dataset: 'shapes-8-grey', labels: 'permuted', activation: 'tanh' }),
  ],
};

/** Larger images, wider, longer: what the optimizer is meant for, and neither trained on nor in the suite. */
export const proxy: Input<ProblemSpec> = { name: 'perceptron', dataset: 'shapes-16-grey', hidden: [48], batch: 32 };

/** How long it is trained, and how its weights are chosen. */
export interface Extent {
  readonly iterations: number;
  readonly warmup: number;
  /** Of validations on the proxy: their interval, functions and steps. */
  readonly every: number;
  readonly functions: number;
  readonly horizon: number;
}

export function recipe({ iterations, warmup, every, functions, horizon }: Extent): Input<TrainingSpec> {
  return {
    iterations,
    unroll: 50,
    functions: 32,
    // Of the worst of these losses, which is that of guessing, one and a half times as much says nothing more.
    estimator: { name: 'pes', sigma: 0.01, horizons: { minimum: 100, maximum: 2000 }, maximumLoss: 1.5 * Math.log(10) },
    learningRate: 1e-3,
    schedule: { name: 'cosine', warmup, finalFraction: 0.05 },
    clipNorm: 1,
    validation: { every, functions, problem: proxy, horizon, measure: 'tail' },
  };
}
