import { useSignal } from '@preact/signals';
import { formatCount } from '../../figures/numbers.js';
import { Scroll } from '../parts/scroll.js';
import type { Curve } from './curve.js';
import { tableRow } from './exports.js';
import { summary } from './words.js';

const pageLength = 50;

/** The numbers behind a chart, for screen readers and for copying: a table per curve, a page at a time. */
export function ChartTable({ title, curves }: { title: string; curves: readonly Curve[] }) {
  const open = useSignal(false);
  return (
    <details
      class="numbers"
      onToggle={({ currentTarget }) => {
        open.value = currentTarget.open;
      }}
    >
      <summary>Numbers</summary>
      {open.value && curves.map((curve) => <Table key={curve.id} title={title} curve={curve} />)}
    </details>
  );
}

function Table({ title, curve }: { title: string; curve: Curve }) {
  const page = useSignal(0);
  const pages = Math.max(1, Math.ceil(curve.x.length / pageLength));
  const current = Math.min(page.value, pages - 1);
  const first = current * pageLength;
  const rows = curve.x.slice(first, first + pageLength);
  const turn = (by: number) => {
    page.value = current + by;
  };
  return (
    <div class="stack">
      <p class="small">{summary(curve)}</p>
      <Scroll label={`${title}: ${curve.label}`}>
        <table class="table" data-curve={curve.id} data-width={curve.width}>
          <thead>
            <tr>
              {['Meta-iterations', 'Points', 'Mean', 'Minimum', 'Maximum', 'Last'].map((name) => (
                <th key={name} scope="col" class="number">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((x, i) => {
              const [iterations, ...cells] = tableRow(curve, first + i);
              return (
                <tr key={x}>
                  <th scope="row" class="number">
                    {iterations}
                  </th>
                  {cells.map((cell, c) => (
                    <td key={c} class="number">
                      {cell}
                    </td>
                  ))}
                </tr>
              );
            })}
          </tbody>
        </table>
      </Scroll>
      {pages > 1 && (
        <div class="row">
          <button type="button" class="button" disabled={current === 0} onClick={() => turn(-1)}>
            Earlier
          </button>
          <span class="small faint">
            page {formatCount(current + 1)} of {formatCount(pages)}
          </span>
          <button type="button" class="button" disabled={current === pages - 1} onClick={() => turn(1)}>
            Later
          </button>
        </div>
      )}
    </div>
  );
}
