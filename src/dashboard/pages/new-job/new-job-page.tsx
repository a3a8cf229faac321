import './new-job.css';
import { useEffect, useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import type { VariantsField } from '../../forms/field.js';
import { jobField } from '../../forms/job-field.js';
import { ErrorNote } from '../../parts/error-note.js';
import { Page } from '../../parts/page.js';
import { addresses } from '../../service/addresses.js';
import { api } from '../../service/api.js';
import { Editor } from './editor.js';
import { examples, loadStart, type Start, type StartQuery } from './starts.js';

/** A form for a job, beside it the same document as text. */
export function NewJobPage() {
  const { query } = useLocation();
  const { example, from, optimizer } = query;
  const key = new URLSearchParams({
    ...(example && { example }),
    ...(from && { from }),
    ...(optimizer && { optimizer }),
  });
  return (
    <Page title="New job">
      <nav class="starts" aria-label="Examples">
        <span class="faint">Begin with</span>
        {Object.entries(examples).map(([name, { title, about }]) => (
          <a
            key={name}
            href={addresses.newJob({ example: name })}
            title={about}
            aria-current={name === example ? 'page' : undefined}
          >
            {title}
          </a>
        ))}
      </nav>
      <Loader key={key.toString()} name={key.toString()} query={{ example, from, optimizer }} />
    </Page>
  );
}

type Loaded = { readonly field: VariantsField; readonly start: Start };

function Loader({ name, query }: { name: string; query: StartQuery }) {
  const [loaded, setLoaded] = useState<Loaded | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  useEffect(() => {
    let isHere = true;
    load(query).then(
      (value) => isHere && setLoaded(value),
      (error: unknown) => isHere && setFailure(error),
    );
    return () => {
      isHere = false;
    };
  }, []);
  if (failure !== null) return <ErrorNote error={failure} />;
  return loaded && <Editor name={name} {...loaded} />;
}

async function load(query: StartQuery): Promise<Loaded> {
  const field = jobField(await api.catalogue());
  if (field.kind !== 'variants') throw new TypeError('a job has no kinds');
  return { field, start: await loadStart(query, field) };
}
