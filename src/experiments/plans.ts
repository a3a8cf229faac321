import type { Plan } from './plan.js';
import { ablation } from './plans/ablation.js';
import { cifar } from './plans/cifar.js';
import { deepmind } from './plans/deepmind.js';
import { general } from './plans/general.js';
import { generalAblation } from './plans/general-ablation.js';
import { mnist } from './plans/mnist.js';
import { mnistTransfer } from './plans/mnist-transfer.js';
import { quadratic } from './plans/quadratic.js';
import { seed } from './plans/seed.js';

/** The plans of `metadescent reproduce`, by name. */
export const plans: ReadonlyMap<string, Plan> = new Map(
  [seed, quadratic, mnist, mnistTransfer, cifar, deepmind, ablation, general, generalAblation].map((plan) => [
    plan.name,
    plan,
  ]),
);
