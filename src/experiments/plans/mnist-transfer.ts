import type { Plan } from '../plan.js';
import { digits } from './mnist.js';

export const mnistTransfer: Plan = {
  name: 'mnist-transfer',
  title: "The digits' optimizer on other networks",
  source: 'arXiv 1606.04474, section 3.2, figure 5',
  summary:
    'The optimizer that was trained on a perceptron of 20 sigmoid units, evaluated on networks that it has never seen: 40 units instead of 20, two hidden layers instead of one, and ReLU instead of the sigmoid. In the paper the first two succeed and the last one fails, since a different activation changes the loss surface.',
  given: [{ name: 'mlp', plan: 'mnist', job: 'mlp', shipped: 'mnist.safetensors' }],
  jobs: (budget) => [
    digits('units-40', 'Transfer to 40 units', 'mlp', { hidden: [40] }, 100, budget),
    digits('layers-2', 'Transfer to two hidden layers of 20 units', 'mlp', { hidden: [20, 20] }, 100, budget),
    digits('relu', 'Transfer to ReLU', 'mlp', { activation: 'relu' }, 100, budget),
  ],
};
