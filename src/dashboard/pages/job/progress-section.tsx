import type { Job } from '../../../contract/job.js';
import type { JobModel } from './job-model.js';
import { phaseRows } from './phases.js';

/** How far each phase is, how fast, and how long it will still take. */
export function ProgressSection({ model, job }: { model: JobModel; job: Job }) {
  const rows = phaseRows(job, model.told.value?.history ?? null);
  return (
    <section class="section" aria-labelledby="progress-title">
      <h2 id="progress-title">Progress</h2>
      <ol class="phases">
        {rows.map(({ phase, isCurrent, done, total, amount, pace }) => (
          <li key={phase} class={isCurrent ? 'current' : undefined}>
            <span class="name">{phase}</span>
            <progress aria-label={phase} value={done} max={total} />
            <span class="amount">{amount}</span>
            <span class="pace faint">{pace}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
