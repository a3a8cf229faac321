import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { WeightsFormat } from '../../../client/client.js';
import { artifactNames, type Job } from '../../../contract/job.js';
import type { Artifact } from '../../../contract/lists.js';
import { formatBytes } from '../../../figures/numbers.js';
import { save } from '../../charts/downloads.js';
import { ErrorNote } from '../../parts/error-note.js';
import { Scroll } from '../../parts/scroll.js';
import { WeightsUse } from '../../parts/weights.js';
import { api } from '../../service/api.js';
import { RegisterDialog } from './register-dialog.js';

const formats: readonly { readonly format: WeightsFormat; readonly title: string; readonly extension: string }[] = [
  { format: 'safetensors', title: 'safetensors', extension: 'safetensors' },
  { format: 'npz', title: 'NumPy npz', extension: 'npz' },
  { format: 'json', title: 'JSON', extension: 'json' },
];

/** The trained weights and the lines to use them, and every file of the job. */
export function FilesSection({ job }: { job: Job }) {
  const files = useSignal<readonly Artifact[]>([]);
  const failure = useSignal<unknown>(null);
  const registering = useSignal(false);
  const names = job.artifacts.join();
  useEffect(() => {
    if (names === '') return;
    api.artifacts(job.id).then(
      (all) => {
        files.value = all;
      },
      () => {},
    );
  }, [job.id, names, files]);
  const hasWeights = job.artifacts.includes(artifactNames.weights);
  const download = async ({ format, extension }: (typeof formats)[number]) => {
    failure.value = null;
    try {
      const bytes = await api.weights(job.id, format);
      save(new Blob([bytes as Uint8Array<ArrayBuffer>]), `${job.id}.${extension}`);
    } catch (error) {
      failure.value = error;
    }
  };
  return (
    <section class="section" aria-labelledby="files-title">
      <h2 id="files-title">{job.spec.kind === 'metatrain' ? 'Weights and files' : 'Files'}</h2>
      {job.spec.kind === 'metatrain' && !hasWeights && (
        <p class="faint">There are no weights until the first validation.</p>
      )}
      {hasWeights && (
        <>
          <div class="row">
            {formats.map((one) => (
              <button type="button" class="button" key={one.format} onClick={() => download(one)}>
                {one.title}
              </button>
            ))}
            <button
              type="button"
              class="button"
              onClick={() => {
                registering.value = true;
              }}
            >
              Register
            </button>
          </div>
          {failure.value !== null && <ErrorNote error={failure.value} />}
          {job.spec.kind === 'metatrain' && (
            <details class="numbers">
              <summary>Lines to use them</summary>
              <WeightsUse
                path={`/jobs/${job.id}/weights`}
                name="weights"
                argument={job.id}
                reference={`{ job: ${job.id} }`}
                optimizer={job.spec.optimizer}
              />
            </details>
          )}
          {registering.value && (
            <RegisterDialog
              job={job.id}
              onClose={() => {
                registering.value = false;
              }}
            />
          )}
        </>
      )}
      {files.value.length > 0 && (
        <Scroll label="Files">
          <table class="table">
            <thead>
              <tr>
                <th scope="col">File</th>
                <th scope="col" class="number">
                  Size
                </th>
              </tr>
            </thead>
            <tbody>
              {files.value.map(({ name, size }) => (
                <tr key={name}>
                  <th scope="row">
                    <a href={api.url(`jobs/${job.id}/artifacts/${encodeURIComponent(name)}`).href} download={name}>
                      {name}
                    </a>
                  </th>
                  <td class="number">{formatBytes(size)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </section>
  );
}
