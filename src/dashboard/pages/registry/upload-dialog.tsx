import { type Signal, useSignal, useSignalEffect } from '@preact/signals';
import { useId } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { formatBytes } from '../../../figures/numbers.js';
import { Dialog } from '../../parts/dialog.js';
import { ErrorNote } from '../../parts/error-note.js';
import { isOptimizerName, OptimizerNameField } from '../../parts/optimizer-name.js';
import { useAction } from '../../parts/use-action.js';
import { addresses } from '../../service/addresses.js';
import { api } from '../../service/api.js';

interface Props {
  /** Chosen here, or dropped on the page. */
  file: Signal<File | null>;
  onClose: () => void;
}

/** Registers a file of weights under a name, and shows it. */
export function UploadDialog({ file, onClose }: Props) {
  const { route } = useLocation();
  const name = useSignal('');
  const { busy, failure, go } = useAction(async () => {
    const bytes = new Uint8Array(await file.value!.arrayBuffer());
    const { version } = await api.upload(name.value, bytes);
    onClose();
    route(addresses.optimizer(name.value, version));
  });
  const id = useId();
  useSignalEffect(() => {
    failure.value = null;
    if (file.value && name.peek() === '') name.value = suggestion(file.value);
  });
  return (
    <Dialog title="Upload weights" onClose={onClose}>
      <div class="drop">
        <label for={id}>A .safetensors file of this service, or of “metadescent train”</label>
        <input
          id={id}
          type="file"
          accept=".safetensors"
          onChange={({ currentTarget }) => {
            file.value = currentTarget.files?.[0] ?? null;
          }}
        />
        <small class="faint">
          {file.value ? `${file.value.name}, ${formatBytes(file.value.size)}` : 'Or drop it here.'}
        </small>
      </div>
      <OptimizerNameField name={name} />
      {failure.value !== null && <ErrorNote error={failure.value} />}
      <div class="actions">
        <button type="button" class="button" onClick={onClose}>
          Close
        </button>
        <button
          type="button"
          class="button primary"
          disabled={busy.value || file.value === null || !isOptimizerName(name.value)}
          onClick={go}
        >
          Upload
        </button>
      </div>
    </Dialog>
  );
}

/** A name made of a file's. */
function suggestion(file: File): string {
  const base = file.name.replace(/\.[^.]*$/, '');
  return base
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 64);
}
