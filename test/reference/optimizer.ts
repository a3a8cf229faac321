import type { LstmSpec } from '../../src/contract/networks/lstm.js';
import type { GroupRule } from '../../src/contract/optimizers.js';
import { countOf, initialState, type State, step } from './network.js';
import { freshMemory, type RuleMemory, ruleStep } from './rules.js';

/** Some coordinates of a function, and their optimizer: a network block by block, or a rule one by one. */
export interface Part {
  optimizer: LstmSpec | GroupRule;
  /** Coordinates of each block; a rule has one in each. */
  blocks: number[][];
}

/** A single network applies to every coordinate separately. */
export type Optimizer = LstmSpec | readonly Part[];

/** The state of each block, per part. */
export type States = (State | RuleMemory)[][];

export function partsOf(optimizer: Optimizer, coordinates: number): readonly Part[] {
  if (!('name' in optimizer)) return optimizer;
  return [{ optimizer, blocks: Array.from({ length: coordinates }, (_, i) => [i]) }];
}

export function freshStates(optimizer: Optimizer, coordinates: number): States {
  return partsOf(optimizer, coordinates).map(({ optimizer, blocks }) =>
    blocks.map(() => (optimizer.name === 'lstm' ? initialState(optimizer) : freshMemory(optimizer))),
  );
}

/**
 * One step on a function's coordinates.
 * @param phi the networks' weights, one after the other
 * @param t steps taken before this one
 */
export function stepAll(optimizer: Optimizer, phi: readonly number[], g: readonly number[], states: States, t: number) {
  const update = new Array<number>(g.length).fill(Number.NaN);
  const next: States = [];
  let offset = 0;
  for (const [p, { optimizer: own, blocks }] of partsOf(optimizer, g.length).entries()) {
    const count = own.name === 'lstm' ? countOf(own, blocks[0]!.length) : 0;
    const weights = phi.slice(offset, offset + count);
    offset += count;
    const stepped = blocks.map((block, b) => {
      const gradient = block.map((i) => g[i]!);
      if (own.name === 'lstm') return step(own, weights, gradient, states[p]![b] as State);
      const { update, memory } = ruleStep(own, gradient[0]!, states[p]![b] as RuleMemory, t);
      return { update: [update], state: memory };
    });
    for (const [b, block] of blocks.entries()) for (const [i, c] of block.entries()) update[c] = stepped[b]!.update[i]!;
    next.push(stepped.map(({ state }) => state));
  }
  if (offset !== phi.length) throw new Error(`φ has ${phi.length} weights, the networks used ${offset}`);
  return { update, states: next };
}
