import { useSignal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { useRoute } from 'preact-iso';
import type { Catalogue } from '../../../contract/catalogue.js';
import type { Job } from '../../../contract/job.js';
import { arithmeticOf } from '../../../figures/engine.js';
import { Empty } from '../../parts/empty.js';
import { ErrorNote } from '../../parts/error-note.js';
import { Page } from '../../parts/page.js';
import { StateBadge } from '../../parts/state-badge.js';
import { Age } from '../../parts/time.js';
import { addresses } from '../../service/addresses.js';
import { api } from '../../service/api.js';
import { EventsSection } from './events-section.js';
import { failures } from './failures.js';
import { FilesSection } from './files-section.js';
import { HealthSection } from './health-section.js';
import './job.css';
import { JobActions } from './job-actions.js';
import { JobModel } from './job-model.js';
import { LossSection } from './loss-section.js';
import { ProgressSection } from './progress-section.js';
import { SpecSection } from './spec-section.js';
import { UnrollsSection } from './unrolls-section.js';

/** One job, live. */
export function JobPage() {
  const { id = '' } = useRoute().params;
  return <JobOf key={id} id={id} />;
}

/** Buckets to ask for: the service answers with a quarter of them at least. */
function bucketsFor(width: number): number {
  return Math.min(2000, Math.max(400, width));
}

function JobOf({ id }: { id: string }) {
  const model = useSignal<JobModel | null>(null);
  const catalogue = useSignal<Catalogue | null>(null);
  // A page that is made wider keeps its buckets: to begin again would cost more than it shows.
  const [buckets] = useState(() => bucketsFor(innerWidth));
  useEffect(() => {
    const made = new JobModel(id, buckets);
    model.value = made;
    // Without it the document is shown whole.
    api.catalogue().then(
      (answer) => {
        catalogue.value = answer;
      },
      () => {},
    );
    return () => made.close();
  }, [id, buckets, model, catalogue]);
  const shown = model.value;
  const failure = shown?.failure.value ?? shown?.stream.failure.value ?? null;
  const job = shown?.job.value ?? null;
  if (failure) {
    return (
      <Page title="Job" above={<a href={addresses.jobs()}>Jobs</a>}>
        <Empty title={failure.code === 'not-found' ? 'There is no such job' : 'The job cannot be shown'}>
          <ErrorNote error={failure} />
        </Empty>
      </Page>
    );
  }
  if (!shown || !job) return <Page title="Job" above={<a href={addresses.jobs()}>Jobs</a>} />;
  const told = shown.told.value;
  const isTraining = job.spec.kind === 'metatrain';
  return (
    <Page
      title={job.spec.title ?? job.id}
      above={<a href={addresses.jobs()}>Jobs</a>}
      actions={<JobActions model={shown} job={job} />}
    >
      <Standing job={job} />
      {job.failure && <Failure failure={job.failure} />}
      <ProgressSection model={shown} job={job} />
      {isTraining && <LossSection model={shown} job={job} buckets={buckets} />}
      {job.spec.kind === 'metatrain' && (
        <div class="columns">
          <HealthSection told={told} />
          <UnrollsSection model={shown} training={job.spec.training} />
        </div>
      )}
      <div class="columns">
        <SpecSection job={job} catalogue={catalogue.value} />
        <FilesSection job={job} />
      </div>
      <EventsSection told={told} />
    </Page>
  );
}

/** The job in a line. */
function Standing({ job }: { job: Job }) {
  const { state, spec, attempt, createdAt, engine } = job;
  const optimizer =
    'job' in spec.optimizer || 'version' in spec.optimizer ? trainedName(spec.optimizer) : spec.optimizer.name;
  return (
    <p class="standing">
      <StateBadge state={state} />
      <span>
        {'job' in spec.optimizer ? <a href={addresses.job(spec.optimizer.job)}>{optimizer}</a> : optimizer} on{' '}
        {spec.problem.name}, seed {spec.seed}
      </span>
      {attempt > 1 && <span>attempt {attempt}</span>}
      <span>
        created <Age at={createdAt} /> ago
      </span>
      {engine && (
        <span title={engine.fallback}>
          {engine.engine} {engine.backend}, {arithmeticOf(engine)}
        </span>
      )}
      {spec.labels.map((label) => (
        <a key={label} href={addresses.jobs({ label })}>
          {label}
        </a>
      ))}
    </p>
  );
}

function trainedName(optimizer: object): string {
  const { job, name, version } = optimizer as { job?: string; name?: string; version?: number };
  return job ?? `${name}@${version}`;
}

function Failure({ failure: { code, message } }: { failure: NonNullable<Job['failure']> }) {
  const { what, todo } = failures[code];
  return (
    <div class="error stack" role="alert">
      <strong>{what}</strong>
      <p>{message}</p>
      <p>{todo}</p>
    </div>
  );
}
