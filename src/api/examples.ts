/** Documents for POST /jobs, shown beside its schema. */
export const examples: Readonly<Record<string, { summary: string; value: object }>> = {
  parabola: {
    summary: 'Train an LSTM on the 10-d parabola, then compare it with SGD and RMSProp',
    value: {
      kind: 'metatrain',
      title: 'The 10-d parabola',
      labels: ['example'],
      problem: { name: 'parabola', dimension: 10 },
      optimizer: { name: 'lstm', layers: [20, 20], inputProjection: 20 },
      training: { iterations: 1000, horizon: 20, unroll: 20, learningRate: 0.001, secondDerivatives: 'exact' },
      comparison: {
        functions: 20_000,
        steps: 20,
        baselines: [
          { name: 'sgd', learningRate: 0.1 },
          { name: 'sgd', learningRate: 'tuned' },
          { name: 'rmsprop', learningRate: 0.1, decay: 0.99, epsilon: 0.00001 },
          { name: 'rmsprop', learningRate: 'tuned' },
        ],
      },
    },
  },
  quadratic: {
    summary: 'The paper’s quadratics, with everything else at its default',
    value: {
      kind: 'metatrain',
      problem: { name: 'quadratic', distribution: 'normal' },
      optimizer: { name: 'lstm' },
      training: { iterations: 10_000, horizon: 100, unroll: 20, functions: 128 },
      comparison: { steps: 100 },
    },
  },
  transfer: {
    summary: 'Evaluate the optimizer of another job on a larger problem',
    value: {
      kind: 'compare',
      problem: { name: 'quadratic', dimension: 20 },
      optimizer: { job: 'j1a2b3c4d5e6f7g8h9j' },
      comparison: { steps: 200, baselines: [{ name: 'adam' }, { name: 'nag' }] },
    },
  },
  registered: {
    summary: 'Evaluate the newest version of a registered optimizer on digits with a wider network',
    value: {
      kind: 'compare',
      problem: { name: 'mnist', hidden: [40] },
      optimizer: { name: 'mnist' },
      comparison: { functions: 100, steps: 200, baselines: [{ name: 'nag' }, { name: 'adam' }] },
    },
  },
};
