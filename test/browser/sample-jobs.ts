import type { Client } from '../../src/client/client.js';

/** Documents of small jobs on the paper's first example. */

const optimizer = { name: 'lstm', layers: [20, 20], inputProjection: 20 };
const problem = { name: 'parabola' };

/** A training of a second or two, with a comparison. */
export function quick(fields: { seed?: number; title?: string; labels?: string[]; iterations?: number } = {}) {
  const { iterations = 200, ...named } = fields;
  return {
    kind: 'metatrain',
    title: 'Parabolas, briefly',
    ...named,
    problem,
    optimizer,
    training: { iterations, learningRate: 0.003, clipNorm: 1, validation: { every: 20, functions: 64 } },
    comparison: { functions: 500, baselines: [{ name: 'sgd' }, { name: 'adam' }], tuning: { functions: 64 } },
  };
}

/** A training that does not end while anyone watches. */
export function endless(fields: { seed?: number; title?: string; labels?: string[] } = {}) {
  const { training, ...others } = quick({ title: 'Parabolas, for long', ...fields });
  return {
    ...others,
    training: { ...training, iterations: 10_000_000, validation: { every: 500, functions: 64 } },
    comparison: null,
  };
}

/** A linear map of the gradient with weights of about ±10: the loss is soon not finite. */
export const diverging = {
  kind: 'metatrain',
  title: 'A learning rate that is too high',
  problem,
  optimizer: { name: 'lstm', layers: [], initialisation: { kernels: 'zeros' } },
  training: { iterations: 50, learningRate: 10 },
};

/** A comparison of a job's weights on larger parabolas. */
export function transfer(job: string) {
  return {
    kind: 'compare',
    title: 'On larger parabolas, for longer',
    optimizer: { job },
    problem: { name: 'parabola', dimension: 20 },
    comparison: {
      functions: 500,
      steps: 40,
      baselines: [{ name: 'sgd' }, { name: 'adam' }],
      tuning: { functions: 64 },
    },
  };
}

/** Submits a job. @returns its id */
export async function submit(client: Client, document: object): Promise<string> {
  return (await client.create(document)).id;
}
