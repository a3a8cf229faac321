import type { Stroke } from '../../charts/curve.js';
import { Swatch } from '../../charts/swatch.js';
import { isObject, type Json } from '../../forms/json.js';
import { formatValue } from '../../forms/words.js';
import { FieldName } from '../../parts/field-name.js';
import { Scroll } from '../../parts/scroll.js';
import { addresses } from '../../service/addresses.js';
import type { ComparedJob } from './compared-jobs.js';
import { differingFields } from './spec-table.js';

/** The fields in which the jobs' documents differ, and no others. */
export function DifferencesTable({
  jobs,
  strokes,
}: {
  jobs: readonly ComparedJob[];
  strokes: ReadonlyMap<string, Stroke>;
}) {
  const fields = differingFields(jobs.map(({ job }) => job.spec));
  return (
    <section class="section" aria-labelledby="differences-title">
      <h2 id="differences-title">What differs</h2>
      {fields.length === 0 ? (
        <p>{jobs.length > 1 ? 'Nothing but names: the documents are the same.' : 'There is one job only.'}</p>
      ) : (
        <Scroll label="Differences of the documents">
          <table class="table differing">
            <thead>
              <tr>
                <th scope="col">Field</th>
                {jobs.map(({ job }) => (
                  <th scope="col" key={job.id}>
                    <Swatch stroke={strokes.get(job.id)!} />
                    <a href={addresses.job(job.id)}>{job.spec.title ?? job.id}</a>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {fields.map(({ pointer, values }) => (
                <tr key={pointer}>
                  <th scope="row">
                    <FieldName pointer={pointer} />
                  </th>
                  {values.map((value, i) => (
                    <td key={jobs[i]!.job.id}>{short(value)}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </section>
  );
}

function short(value: Json | undefined): string {
  return isObject(value) ? 'given' : formatValue(value);
}
