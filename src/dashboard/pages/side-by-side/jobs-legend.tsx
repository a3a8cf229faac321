import type { Stroke } from '../../charts/curve.js';
import { Swatch } from '../../charts/swatch.js';
import { StateBadge } from '../../parts/state-badge.js';
import { addresses } from '../../service/addresses.js';
import type { ComparedJob } from './compared-jobs.js';

interface Props {
  jobs: readonly ComparedJob[];
  strokes: ReadonlyMap<string, Stroke>;
  hidden: ReadonlySet<string>;
  onToggle: (id: string) => void;
}

/** The jobs with their strokes; each can be taken off the chart. */
export function JobsLegend({ jobs, strokes, hidden, onToggle }: Props) {
  return (
    <ul class="jobs-legend">
      {jobs.map(({ job }) => {
        const title = job.spec.title ?? job.id;
        return (
          <li key={job.id}>
            <input
              type="checkbox"
              aria-label={`Show ${title}`}
              checked={!hidden.has(job.id)}
              onChange={() => onToggle(job.id)}
            />
            <Swatch stroke={strokes.get(job.id)!} />
            <a href={addresses.job(job.id)}>{title}</a>
            <span class="faint">seed {job.spec.seed}</span>
            <StateBadge state={job.state} />
          </li>
        );
      })}
    </ul>
  );
}
