import { useEffect, useId, useRef } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { addresses } from '../../service/addresses.js';
import { type JobFilters, jobStates } from './filters.js';
import type { JobRow } from './job-row.js';

/** Milliseconds between the last key and the search. */
const pause = 250;

/** What the list shows, kept in the page's address. Problems and labels of the rows are suggested. */
export function FilterBar({ filters, rows }: { filters: JobFilters; rows: readonly JobRow[] }) {
  const { route } = useLocation();
  const set = (change: JobFilters) => route(addresses.jobs({ ...filters, ...change }), true);
  const summaries = rows.map(({ summary }) => summary.peek());
  const any = Object.values(filters).some((value) => value !== undefined);
  return (
    <search class="row filters">
      <TextFilter
        label="Search titles"
        type="search"
        value={filters.title}
        longest={200}
        onChange={(title) => set({ title })}
      />
      <select
        class="field"
        aria-label="State"
        value={filters.state ?? ''}
        onChange={({ currentTarget: { value } }) => set({ state: jobStates.find((state) => state === value) })}
      >
        <option value="">Any state</option>
        {jobStates.map((state) => (
          <option key={state}>{state}</option>
        ))}
      </select>
      <TextFilter
        label="Problem"
        type="text"
        value={filters.problem}
        longest={64}
        suggestions={summaries.map(({ problem }) => problem)}
        onChange={(problem) => set({ problem })}
      />
      <TextFilter
        label="Label"
        type="text"
        value={filters.label}
        longest={64}
        suggestions={summaries.flatMap(({ labels }) => labels)}
        onChange={(label) => set({ label })}
      />
      <a class={`button plain ${any ? '' : 'absent'}`} href={addresses.jobs()}>
        Clear
      </a>
    </search>
  );
}

interface TextFilterProps {
  label: string;
  type: 'search' | 'text';
  value: string | undefined;
  longest: number;
  suggestions?: readonly string[];
  onChange: (value: string | undefined) => void;
}

function TextFilter({ label, type, value = '', longest, suggestions, onChange }: TextFilterProps) {
  const field = useRef<HTMLInputElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const id = useId();
  useEffect(() => {
    // The address may have changed in another way, as by Back.
    if (field.current && field.current.value.trim() !== value) field.current.value = value;
    return () => clearTimeout(timer.current);
  }, [value]);
  const commit = () => {
    clearTimeout(timer.current);
    const text = field.current?.value.trim() ?? '';
    if (text !== value) onChange(text || undefined);
  };
  return (
    <>
      <input
        ref={field}
        class="field"
        type={type}
        placeholder={label}
        aria-label={label}
        maxLength={longest}
        list={suggestions && id}
        onInput={() => {
          clearTimeout(timer.current);
          timer.current = setTimeout(commit, pause);
        }}
        onChange={commit}
      />
      {suggestions && (
        <datalist id={id}>
          {[...new Set(suggestions)].sort().map((text) => (
            <option key={text} value={text} />
          ))}
        </datalist>
      )}
    </>
  );
}
