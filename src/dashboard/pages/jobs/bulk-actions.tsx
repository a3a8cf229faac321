import { useSignal } from '@preact/signals';
import { isFinal } from '../../../contract/job.js';
import { Confirm } from '../../parts/dialog.js';
import { addresses } from '../../service/addresses.js';
import { api } from '../../service/api.js';
import { eachOf } from '../../service/each-of.js';
import type { JobRow } from './job-row.js';
import type { Selection } from './selection.js';

/** What can be done with the chosen jobs. Its place is kept while none is. */
export function BulkActions({ selection }: { selection: Selection }) {
  const asked = useSignal<'cancel' | 'delete' | null>(null);
  const chosen = selection.chosen.value;
  const ended = chosen.filter(({ state }) => isFinal(state.value));
  const alive = chosen.filter(({ state }) => !isFinal(state.value));
  const close = () => {
    asked.value = null;
  };
  return (
    <div class="row bulk">
      <span class="count" role="status">
        {chosen.length > 0 ? `${chosen.length} selected` : ''}
      </span>
      {chosen.length > 1 ? (
        <a class="button" href={addresses.sideBySide(chosen.map(({ id }) => id))}>
          Side by side
        </a>
      ) : (
        <button type="button" class="button" disabled>
          Side by side
        </button>
      )}
      <button
        type="button"
        class="button"
        disabled={alive.length === 0}
        onClick={() => {
          asked.value = 'cancel';
        }}
      >
        Cancel
      </button>
      <button
        type="button"
        class="button danger"
        disabled={ended.length === 0}
        onClick={() => {
          asked.value = 'delete';
        }}
      >
        Delete
      </button>
      {asked.value === 'cancel' && (
        <Confirm
          title={`Cancel ${jobs(alive)}?`}
          verb={`Cancel ${jobs(alive)}`}
          danger
          onClose={close}
          act={() => eachOf(alive, ({ id }) => api.cancel(id))}
        >
          <p>
            Those that run stop within a second. A cancelled job cannot be resumed; its losses so far stay, and a new
            job can be made from its document.
          </p>
          {ended.length > 0 && <p>{jobs(ended)} of the selection ended already and will be left alone.</p>}
          <Names rows={alive} />
        </Confirm>
      )}
      {asked.value === 'delete' && (
        <Confirm
          title={`Delete ${jobs(ended)}?`}
          verb={`Delete ${jobs(ended)}`}
          danger
          onClose={close}
          act={() => eachOf(ended, ({ id }) => api.delete(id))}
        >
          <p>
            Their documents, losses, results and weights are deleted for good. Optimizers in the registry have copies of
            their own and stay.
          </p>
          {alive.length > 0 && (
            <p>
              {jobs(alive)} of the selection {alive.length === 1 ? 'has' : 'have'} not ended and will be left alone.
            </p>
          )}
          <Names rows={ended} />
        </Confirm>
      )}
    </div>
  );
}

function jobs(rows: readonly JobRow[]): string {
  return rows.length === 1 ? '1 job' : `${rows.length} jobs`;
}

function Names({ rows }: { rows: readonly JobRow[] }) {
  return (
    <ul class="names small">
      {rows.map((row) => (
        <li key={row.id}>{row.name}</li>
      ))}
    </ul>
  );
}
