import { useSignal } from '@preact/signals';
import { useLocation } from 'preact-iso';
import { isFinal, type Job } from '../../../contract/job.js';
import { Confirm } from '../../parts/dialog.js';
import { addresses } from '../../service/addresses.js';
import { api } from '../../service/api.js';
import type { JobModel } from './job-model.js';

/** What can be done with a job. */
export function JobActions({ model, job }: { model: JobModel; job: Job }) {
  const asked = useSignal<'cancel' | 'delete' | null>(null);
  const { route } = useLocation();
  const ask = (what: 'cancel' | 'delete') => {
    asked.value = what;
  };
  const close = () => {
    asked.value = null;
  };
  const hasComparison = job.spec.comparison !== null;
  return (
    <>
      {hasComparison && (
        <a class="button" href={addresses.comparison(job.id)}>
          Comparison
        </a>
      )}
      <a class="button" href={addresses.newJob({ from: job.id })}>
        Again, changed
      </a>
      {isFinal(job.state) ? (
        <button type="button" class="button danger" onClick={() => ask('delete')}>
          Delete
        </button>
      ) : (
        <button type="button" class="button" onClick={() => ask('cancel')}>
          Cancel
        </button>
      )}
      {asked.value === 'cancel' && (
        <Confirm
          title="Cancel this job?"
          verb="Cancel the job"
          danger
          onClose={close}
          act={async () => {
            await api.cancel(job.id);
            await model.load();
          }}
        >
          <p>It stops within a second and cannot be resumed. Its losses so far stay.</p>
        </Confirm>
      )}
      {asked.value === 'delete' && (
        <Confirm
          title="Delete this job?"
          verb="Delete the job"
          danger
          onClose={close}
          act={async () => {
            await api.delete(job.id);
            route(addresses.jobs());
          }}
        >
          <p>
            Its document, losses, results and weights are deleted for good. Optimizers in the registry have copies of
            their own and stay.
          </p>
        </Confirm>
      )}
    </>
  );
}
