import { useSignal } from '@preact/signals';
import { useLocation } from 'preact-iso';
import { Dialog } from '../../parts/dialog.js';
import { ErrorNote } from '../../parts/error-note.js';
import { isOptimizerName, OptimizerNameField } from '../../parts/optimizer-name.js';
import { useAction } from '../../parts/use-action.js';
import { addresses } from '../../service/addresses.js';
import { api } from '../../service/api.js';

/** Registers a job's weights under a name, and shows them there. */
export function RegisterDialog({ job, onClose }: { job: string; onClose: () => void }) {
  const { route } = useLocation();
  const name = useSignal('');
  const { busy, failure, go } = useAction(async () => {
    const { version } = await api.register({ name: name.value, job });
    onClose();
    route(addresses.optimizer(name.value, version));
  });
  return (
    <Dialog title="Register the weights" onClose={onClose}>
      <p>The registry keeps a copy of its own, which outlives this job. Other jobs can then name it.</p>
      <OptimizerNameField name={name} />
      {failure.value !== null && <ErrorNote error={failure.value} />}
      <div class="actions">
        <button type="button" class="button" onClick={onClose}>
          Close
        </button>
        <button type="button" class="button primary" disabled={busy.value || !isOptimizerName(name.value)} onClick={go}>
          Register
        </button>
      </div>
    </Dialog>
  );
}
