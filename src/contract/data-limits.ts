import type { Refuse } from './errors.js';
import { componentsOf } from './mixtures.js';
import { coordinates, familyOf, type ProblemSpec, partsOf } from './problems.js';

/** Floats of sampled data held at once: W, y and the like (1 GiB). */
export const maxDataFloats = 2 ** 28;

/** Floats of one function: its data, its starting point and, with `miniBatch`, the activations of a mini-batch. */
export function functionFloats(problem: ProblemSpec, miniBatch = false): number {
  if (problem.name === 'mixture')
    return Math.max(...componentsOf(problem).map((component) => functionFloats(component, miniBatch)));
  const { dataFloats, miniBatchFloats } = familyOf(problem);
  const data = dataFloats?.(problem) ?? 0;
  const own = Math.max(data, coordinates(problem)) + (miniBatch ? (miniBatchFloats?.(problem) ?? 0) : 0);
  return partsOf(problem).reduce((sum, part) => sum + functionFloats(part, miniBatch), own);
}

/** Functions evaluated together outside training: about 8,192 coordinates, few enough for the caches. */
export function chunkSize(coordinates: number): number {
  return Math.max(1, Math.floor(8192 / coordinates));
}

/** Floats of functions that are evaluated one chunk at a time. */
export function chunkFloats(functions: number, problem: ProblemSpec): number {
  return Math.min(functions, chunkSize(coordinates(problem))) * functionFloats(problem);
}

/** Refuses functions when a chunk of them does not fit. */
export function checkChunk(pointer: string, functions: number, problem: ProblemSpec, refuse: Refuse): void {
  const floats = chunkFloats(functions, problem);
  if (floats > maxDataFloats)
    refuse(
      pointer,
      functions,
      `functions small enough for ${chunkSize(coordinates(problem))} to have at most ${maxDataFloats} floats (here ${floats})`,
    );
}
