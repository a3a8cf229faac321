import { blocksOf, groupsOf, isNetwork } from '../../contract/groups.js';
import { networkContract } from '../../contract/networks/networks.js';
import type { LearnedSpec } from '../../contract/optimizers.js';
import { ruleOf } from '../optimizers/registry.js';
import type { FunctionBatch } from '../problems/batch.js';

/** Where in `EpisodeState.hidden` a learned optimizer's states are, on a batch of functions. */
export interface StateLayout {
  /** Length of `hidden`. */
  readonly size: number;
  /** The ranges of states in (-1, 1): from, to. */
  readonly bounded: readonly (readonly [from: number, to: number])[];
}

/** Those of a mixture's parts follow one another. */
export function stateLayout(optimizer: LearnedSpec, batch: FunctionBatch): StateLayout {
  const bounded: [number, number][] = [];
  let size = 0;
  for (const { problem, count } of batch.places ? batch.parts : [batch])
    for (const group of groupsOf(optimizer, problem)) {
      if (!isNetwork(group)) {
        size += count * blocksOf(group) * ruleOf(group.optimizer).init(0).vectors.length;
        continue;
      }
      for (const array of networkContract(group.optimizer).state(group.optimizer, group.parameters)) {
        const from = size;
        size += array.rows * count * array.items;
        if (array.bounded) bounded.push([from, size]);
      }
    }
  return { size, bounded };
}
