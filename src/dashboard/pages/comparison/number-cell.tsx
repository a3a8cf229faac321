import type { Cell } from '../../../figures/measure-table.js';

/** A number with its interval below it. */
export function NumberCell({ text, interval, verdict }: Cell) {
  return (
    <td class="number">
      <span class={verdict}>{text}</span>
      {interval && <small>{interval}</small>}
    </td>
  );
}
