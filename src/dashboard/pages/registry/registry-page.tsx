import './registry.css';
import { useSignal } from '@preact/signals';
import { useCallback, useState } from 'preact/hooks';
import type { RegisteredOptimizer } from '../../../contract/registry.js';
import { formatBytes, formatCount } from '../../../figures/numbers.js';
import { Empty } from '../../parts/empty.js';
import { ErrorNote } from '../../parts/error-note.js';
import { useFileDrop } from '../../parts/file-drop.js';
import { Page } from '../../parts/page.js';
import { Age } from '../../parts/time.js';
import { addresses } from '../../service/addresses.js';
import { api } from '../../service/api.js';
import { useResource } from '../../service/resource.js';
import { UploadDialog } from './upload-dialog.js';
import { describeNetwork, describeProblem, nameOf } from './words.js';

const pageSize = 50;

/** All trained optimizers, latest first. A file that is dropped on the page is uploaded. */
export function RegistryPage() {
  const [limit, setLimit] = useState(pageSize);
  const { value, failure } = useResource(`optimizers ${limit}`, () => firstOf(limit));
  const list = value.value;
  const file = useSignal<File | null>(null);
  const isOpen = useSignal(false);
  const open = useCallback((dropped: File | null) => {
    file.value = dropped;
    isOpen.value = true;
  }, []);
  useFileDrop(open);
  return (
    <>
      <Page
        title="Optimizers"
        actions={
          <button type="button" class="button" onClick={() => open(null)}>
            Upload weights
          </button>
        }
      >
        {failure.value !== null && <ErrorNote error={failure.value} />}
        {list?.optimizers.length === 0 && (
          <Empty title="No optimizers yet">
            <p>
              The registry keeps trained optimizers under names, apart from the jobs that trained them, so that other
              jobs can use them. Register the weights of a job on{' '}
              <a href={addresses.jobs({ state: 'succeeded' })}>its page</a>, or upload a file of weights: drop it here,
              or choose it above.
            </p>
          </Empty>
        )}
        {list && list.optimizers.length > 0 && <List optimizers={list.optimizers} />}
        {list?.next != null && (
          <div>
            <button type="button" class="button" onClick={() => setLimit(limit + pageSize)}>
              More optimizers
            </button>
          </div>
        )}
      </Page>
      {isOpen.value && (
        <UploadDialog
          file={file}
          onClose={() => {
            isOpen.value = false;
          }}
        />
      )}
    </>
  );
}

function List({ optimizers }: { optimizers: readonly RegisteredOptimizer[] }) {
  return (
    <table class="table optimizers">
      <caption class="unseen">Optimizers, latest first</caption>
      <thead>
        <tr>
          <th scope="col">Optimizer, trained on</th>
          <th scope="col">Network</th>
          <th scope="col">From</th>
        </tr>
      </thead>
      <tbody>
        {optimizers.map((optimizer) => {
          const { name, version, job, weights, size, createdAt, provenance } = optimizer;
          return (
            <tr key={nameOf(optimizer)}>
              <th scope="row">
                <a href={addresses.optimizer(name, version)}>
                  {name}
                  <span class="faint">@{version}</span>
                </a>
                <small>{describeProblem(provenance)}</small>
              </th>
              <td>
                {describeNetwork(optimizer.optimizer)}
                <small>
                  {formatCount(weights)} weights, {formatBytes(size)}
                </small>
              </td>
              <td>
                {job === null ? 'a file' : <a href={addresses.job(job)}>its job</a>}
                <small>
                  <Age at={createdAt} /> ago
                </small>
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** As many as asked for, or all. */
async function firstOf(limit: number) {
  const optimizers: RegisteredOptimizer[] = [];
  let next: string | null = null;
  do {
    const page = await api.optimizers({
      limit: Math.min(200, limit - optimizers.length),
      ...(next !== null && { cursor: next }),
    });
    optimizers.push(...page.optimizers);
    next = page.next;
  } while (next !== null && optimizers.length < limit);
  return { optimizers, next };
}
