import { measureContracts, measures } from '../contract/measures.js';
import { componentsOf } from '../contract/mixtures.js';
import type { ProblemSpec } from '../contract/problems.js';
import type { ComparisonResults } from '../contract/results.js';
import { type Cell, estimateCell, percent } from './measure-table.js';
import { formatCount } from './numbers.js';

/** The results on one component of a mixture: one row per optimizer, the learned one first. */
export interface ComponentTable {
  readonly title: string;
  /** The first is above the optimizers' names. */
  readonly columns: readonly string[];
  readonly rows: readonly { readonly label: string; readonly cells: readonly Cell[] }[];
}

/** A table per component that has functions; none if the problem is not a mixture. */
export function componentTables({ problem, components = [] }: ComparisonResults): ComponentTable[] {
  const all = componentsOf(problem as ProblemSpec);
  return components.map(({ component, functions, optimizers }) => {
    const own = all[component - 1]!;
    return {
      title: `Component ${component}: ${own.name}, ${formatCount(functions)} functions`,
      columns: ['', ...measures.flatMap((measure) => [measureContracts[measure].title, 'Learned wins'])],
      rows: optimizers.map(({ label, measures: found }) => ({
        label,
        cells: measures.flatMap((measure) => [
          estimateCell(found[measure].mean),
          { text: percent(found[measure].winRate) },
        ]),
      })),
    };
  });
}
