import { isFinal, type Job } from '../../../contract/job.js';
import { Empty } from '../../parts/empty.js';
import { addresses } from '../../service/addresses.js';
import { reasonOf } from './reason.js';

/** Why a job has no comparison, and when it will. */
export function NoResults({ job }: { job: Job }) {
  const { title, text } = reasonOf(job);
  return (
    <Empty title={title}>
      <p>{text}</p>
      <p>
        <a href={addresses.job(job.id)}>The job</a>
        {isFinal(job.state) && (
          <>
            {' · '}
            <a href={addresses.newJob({ from: job.id })}>Again, changed</a>
          </>
        )}
      </p>
    </Empty>
  );
}
