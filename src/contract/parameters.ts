import type { Parameter } from './problems/family.js';

/** A parameter, and where in θ it begins. */
export interface PlacedParameter extends Parameter {
  readonly offset: number;
  readonly size: number;
}

/** Coordinates of some parameters in one function. */
export function sizeOfAll(parameters: readonly PlacedParameter[]): number {
  return parameters.reduce((sum, { size }) => sum + size, 0);
}
