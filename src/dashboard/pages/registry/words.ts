import { longestHorizon } from '../../../contract/curriculum.js';
import { networkContract } from '../../../contract/networks/networks.js';
import type { LearnedSpec } from '../../../contract/optimizers.js';
import type { Provenance } from '../../../contract/provenance.js';
import type { RegisteredOptimizer } from '../../../contract/registry.js';
import { arithmeticOf } from '../../../figures/engine.js';
import { formatCount } from '../../../figures/numbers.js';

export function nameOf({ name, version }: Pick<RegisteredOptimizer, 'name' | 'version'>): string {
  return `${name}@${version}`;
}

/** Of the weights, in the API. */
export function weightsPath({ name, version }: Pick<RegisteredOptimizer, 'name' | 'version'>): string {
  return `/optimizers/${name}/${version}/weights`;
}

/** For example "LSTM, 20 + 20 units" or "3 groups: conv, dense, bias". */
export function describeNetwork(optimizer: LearnedSpec): string {
  if (optimizer.name !== 'groups') return networkContract(optimizer).describe(optimizer);
  const { groups } = optimizer;
  return `${groups.length} groups: ${groups.map(({ name }) => name).join(', ')}`;
}

/** What the file says about its training: names and values. */
export function describeTraining({
  training,
  seed,
  iterations,
  bestIteration,
  engine,
}: Provenance): [string, string][] {
  const horizon = longestHorizon(training);
  const facts: [string, string | undefined][] = [
    ['Meta-iterations', iterations === undefined ? undefined : formatCount(iterations)],
    [
      'Weights from',
      bestIteration == null ? undefined : `meta-iteration ${formatCount(bestIteration)}, the best validation`,
    ],
    ['Horizon', horizon === undefined ? undefined : `${formatCount(horizon)} steps`],
    ['Seed', seed === undefined ? undefined : String(seed)],
    ['Engine', engine && `${engine.engine} ${engine.version}, ${arithmeticOf(engine)}`],
  ];
  return facts.filter((fact): fact is [string, string] => fact[1] !== undefined);
}

/** For example "quadratic: dimension 10". */
export function describeProblem({ problem }: Provenance): string {
  if (!problem) return '–';
  const { name, ...parameters } = problem as { name: string };
  const simple = Object.entries(parameters).filter(([, value]) => typeof value !== 'object');
  return [name, ...simple.map(([key, value]) => `${key} ${value}`)].join(', ').replace(', ', ': ');
}
