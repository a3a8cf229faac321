import './registry.css';
import { useSignal } from '@preact/signals';
import { useLocation, useRoute } from 'preact-iso';
import type { RegisteredOptimizer } from '../../../contract/registry.js';
import { Confirm } from '../../parts/dialog.js';
import { Empty } from '../../parts/empty.js';
import { ErrorNote } from '../../parts/error-note.js';
import { Page } from '../../parts/page.js';
import { Age } from '../../parts/time.js';
import { WeightsMenu } from '../../parts/weights.js';
import { addresses } from '../../service/addresses.js';
import { api } from '../../service/api.js';
import { useResource } from '../../service/resource.js';
import { Details } from './details.js';
import { nameOf, weightsPath } from './words.js';

/** Versions that the page lists; older ones have their address. */
const shown = 50;

/** The versions of an optimizer, and one of them in detail: that of the address, or the newest. */
export function OptimizerPage() {
  const name = useRoute().params.name ?? '';
  const asked = Number(useLocation().query.version) || undefined;
  const { route } = useLocation();
  const versions = useResource(
    `versions ${name}`,
    async () => (await api.optimizers({ name, limit: shown })).optimizers,
  );
  const other = useResource(`version ${name} ${asked}`, async () =>
    asked ? api.optimizer({ name, version: asked }) : null,
  );
  const list = versions.value.value;
  const current = asked ? other.value.value : list?.[0];
  const failure = asked ? other.failure.value : versions.failure.value;
  const deleting = useSignal(false);
  return (
    <Page
      title={name}
      above={<a href={addresses.optimizers()}>Optimizers</a>}
      actions={
        current && (
          <>
            <a class="button primary" href={addresses.newJob({ optimizer: nameOf(current) })}>
              Compare on another problem
            </a>
            <WeightsMenu path={weightsPath(current)} />
            <button
              type="button"
              class="button danger"
              onClick={() => {
                deleting.value = true;
              }}
            >
              Delete
            </button>
          </>
        )
      }
    >
      {failure !== null && <ErrorNote error={failure} />}
      {list?.length === 0 && !asked && (
        <Empty title="Not in the registry">
          <p>
            There is no optimizer of this name. <a href={addresses.optimizers()}>All optimizers</a>
          </p>
        </Empty>
      )}
      {list && list.length > 0 && <Versions list={list} current={current ?? null} />}
      {current && <Details key={nameOf(current)} optimizer={current} />}
      {current && deleting.value && (
        <Confirm
          title={`Delete ${nameOf(current)}?`}
          verb="Delete"
          danger
          onClose={() => {
            deleting.value = false;
          }}
          act={async () => {
            await api.deleteOptimizer(current);
            await versions.reload();
            route(list && list.length > 1 ? addresses.optimizer(name) : addresses.optimizers());
          }}
        >
          <p>
            Its weights are deleted for good, and its number is never reused. Comparisons that run have their copy;
            those that wait for it will fail. The job that trained it keeps its own weights.
          </p>
        </Confirm>
      )}
    </Page>
  );
}

function Versions({ list, current }: { list: readonly RegisteredOptimizer[]; current: RegisteredOptimizer | null }) {
  return (
    <nav class="row versions" aria-label="Versions">
      {list.map(({ name, version, createdAt }) => (
        <a
          key={version}
          href={addresses.optimizer(name, version)}
          aria-current={version === current?.version ? 'true' : undefined}
        >
          version {version}
          <small>
            <Age at={createdAt} />
          </small>
        </a>
      ))}
    </nav>
  );
}
