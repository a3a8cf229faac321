import type { LearnedSpec } from '../../contract/optimizers.js';
import type { ProblemSpec } from '../../contract/problems.js';
import { splitWeights } from '../../weights/shapes.js';
import { initialise } from './initialise.js';

/** Names of the tensors of φ that still have their initial bits; "all" if every tensor has. */
export function unmovedTensors(
  optimizer: LearnedSpec,
  problem: ProblemSpec,
  seed: number,
  phi: Float32Array,
): string[] | 'all' {
  const before = splitWeights(optimizer, problem, initialise(optimizer, problem, seed));
  const now = splitWeights(optimizer, problem, phi);
  const unmoved = now.filter(({ data }, i) => data.every((weight, k) => weight === before[i]!.data[k]));
  return unmoved.length === now.length ? 'all' : unmoved.map(({ name }) => name);
}
