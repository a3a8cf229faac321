import { useMemo } from 'preact/hooks';
import type { Catalogue } from '../../../contract/catalogue.js';
import type { Job } from '../../../contract/job.js';
import { differences } from '../../forms/differences.js';
import { jobField } from '../../forms/job-field.js';
import { isObject, type Json, type JsonObject } from '../../forms/json.js';
import { complete } from '../../forms/values.js';
import { formatValue } from '../../forms/words.js';
import { FieldName } from '../../parts/field-name.js';
import { Scroll } from '../../parts/scroll.js';

/** What the document says: first what differs from the defaults, then all of it. */
export function SpecSection({ job, catalogue }: { job: Job; catalogue: Catalogue | null }) {
  const changed = useMemo(() => (catalogue ? changesOf(catalogue, job) : null), [catalogue, job]);
  return (
    <section class="section" aria-labelledby="spec-title">
      <h2 id="spec-title">Document</h2>
      {changed?.length === 0 && <p>Every field has its default.</p>}
      {changed && changed.length > 0 && (
        <Scroll label="What differs from the defaults">
          <table class="table spec">
            <thead>
              <tr>
                <th scope="col">Field</th>
                <th scope="col">Value</th>
                <th scope="col">Default</th>
              </tr>
            </thead>
            <tbody>
              {changed.map(({ pointer, before, after }) => (
                <tr key={pointer}>
                  <th scope="row">
                    <FieldName pointer={pointer} />
                  </th>
                  <td>{short(after)}</td>
                  <td class="faint">{short(before)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
      <details class="numbers">
        <summary>The whole document, with its defaults</summary>
        <Scroll label="The whole document">
          <pre>{JSON.stringify(job.spec, null, 2)}</pre>
        </Scroll>
      </details>
    </section>
  );
}

/** A part that is there on one side only is not spelt out. */
function short(value: Json | undefined): string {
  return isObject(value) ? 'with its own defaults' : formatValue(value);
}

/** Where the document differs from one that names only what it has to. */
function changesOf(catalogue: Catalogue, { spec }: Job) {
  const document = spec as unknown as JsonObject;
  const named = (part: Json | undefined) => ({ name: (part as JsonObject | undefined)?.name ?? null });
  const least: JsonObject = { kind: spec.kind, problem: named(document.problem) };
  least.optimizer = spec.kind === 'metatrain' ? named(document.optimizer) : document.optimizer!;
  if (spec.kind === 'compare') least.comparison = {};
  const defaults = complete(jobField(catalogue), least) ?? least;
  const own = differences(defaults, document);
  // The head of the page has these.
  return own.filter(({ pointer }) => pointer !== '/title' && !pointer.startsWith('/labels'));
}
