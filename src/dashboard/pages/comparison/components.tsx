import type { ComparisonResults } from '../../../contract/results.js';
import { componentTables } from '../../../figures/components.js';
import { Scroll } from '../../parts/scroll.js';
import { NumberCell } from './number-cell.js';

/** The same measures for each component of a mixture; nothing for other problems. */
export function Components({ results }: { results: ComparisonResults }) {
  const tables = componentTables(results);
  if (tables.length === 0) return null;
  return (
    <section class="section" aria-labelledby="components-title">
      <h2 id="components-title">By component</h2>
      {tables.map(({ title, columns, rows }) => (
        <Scroll key={title} label={title}>
          <table class="table measures">
            <thead>
              <tr>
                <th scope="col">{title}</th>
                {columns.slice(1).map((column, i) => (
                  <th key={`${i}${column}`} scope="col" class="number">
                    {column}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map(({ label, cells }, row) => (
                <tr key={label}>
                  <th scope="row">
                    <span class={row === 0 ? 'learned' : undefined}>{label}</span>
                  </th>
                  {cells.map((cell, i) => (
                    <NumberCell key={`${i}${columns[i + 1]}`} {...cell} />
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      ))}
    </section>
  );
}
