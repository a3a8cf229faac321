import type { Job } from '../../../contract/job.js';
import { differences } from '../../forms/differences.js';
import type { Field } from '../../forms/field.js';
import type { Json } from '../../forms/json.js';
import { complete } from '../../forms/values.js';
import { formatValue } from '../../forms/words.js';
import { FieldName } from '../../parts/field-name.js';
import { addresses } from '../../service/addresses.js';

/** What is different from the job that this one repeats. */
export function ChangesPane({ original, document, field }: { original: Job; document: Json; field: Field }) {
  const changes = differences(original.spec as unknown as Json, complete(field, document));
  return (
    <section class="changes-pane" aria-labelledby="changes-title">
      <h2 id="changes-title">
        Changes to <a href={addresses.job(original.id)}>{original.spec.title ?? original.id}</a>
      </h2>
      {changes.length === 0 && <p class="faint">None so far: the job would be repeated as it was.</p>}
      <ul>
        {changes.map(({ pointer, before, after }) => (
          <li key={pointer}>
            <FieldName pointer={pointer} /> <del>{formatValue(before)}</del> <ins>{formatValue(after)}</ins>
          </li>
        ))}
      </ul>
    </section>
  );
}
