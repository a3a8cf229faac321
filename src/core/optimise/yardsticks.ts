import type { YardstickSpec } from '../../contract/optimizers.js';
import { conjugateGradients } from './conjugate-gradients.js';
import type { Method } from './method.js';

const yardsticks: { readonly [N in YardstickSpec['name']]: Method } = { 'conjugate-gradients': conjugateGradients };

export function yardstickOf({ name }: YardstickSpec): Method {
  return yardsticks[name];
}
