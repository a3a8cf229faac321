import type { Refuse } from './errors.js';
import { coordinates, familyOf, type ProblemSpec, partsOf } from './problems.js';

/** Floats of sampled data held at once: W, y and the like (1 GiB). */
export const maxDataFloats = 2 ** 28;

/** Floats of one function: its data, where it starts, and with `miniBatch` what a mini-batch takes on its way through. */
export function functionFloats(problem: ProblemSpec, miniBatch = false): number {
  const { dataFloats, miniBatchFloats } = familyOf(problem);
  const data = dataFloats?.(problem) ?? 0;
  const own = Math.max(data, coordinates(problem)) + (miniBatch ? (miniBatchFloats?.(problem) ?? 0) : 0);
  return partsOf(problem).reduce((sum, part) => sum + functionFloats(part, miniBatch), own);
}

/** Functions that are evaluated together where nothing is learned: about 8,192 coordinates, few enough for the caches. */
export function chunkSize(coordinates: number): number {
  return Math.max(1, Math.floor(8192 / coordinates));
}

/** Floats of functions that are taken a chunk at a time. */
export function chunkFloats(functions: number, problem: ProblemSpec): number {
  return Math.min(functions, chunkSize(coordinates(problem))) * functionFloats(problem);
}

/** Refuses functions of which a chunk does not fit. */
export function checkChunk(pointer: string, functions: number, problem: ProblemSpec, refuse: Refuse): void {
  const floats = chunkFloats(functions, problem);
  if (floats > maxDataFloats)
    refuse(
      pointer,
      functions,
      `functions of which ${chunkSize(coordinates(problem))} have at most ${maxDataFloats} floats (here ${floats})`,
    );
}
