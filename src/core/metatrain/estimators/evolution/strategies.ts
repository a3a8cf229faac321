import type { EvolutionSpec } from '../../../../contract/estimators.js';

/** In what the estimators by evolution strategies differ. */
export interface Strategy {
  /** Whether a pair draws its perturbation once per function, or for every truncation. */
  readonly drawsPer: 'function' | 'truncation';
  /** Whether a pair's perturbations since its function began count together: ξ. */
  readonly accumulates: boolean;
  /** Whether both particles go on from the mean of their states. */
  readonly averages: boolean;
}

export const strategies: Readonly<Record<EvolutionSpec['name'], Strategy>> = {
  es: { drawsPer: 'truncation', accumulates: false, averages: true },
  pes: { drawsPer: 'truncation', accumulates: true, averages: false },
  nres: { drawsPer: 'function', accumulates: false, averages: false },
};
