import '../../charts/charts.css';
import './comparison.css';
import { useEffect, useState } from 'preact/hooks';
import { useLocation, useRoute } from 'preact-iso';
import { artifactNames, type Job } from '../../../contract/job.js';
import type { ComparisonResults } from '../../../contract/results.js';
import { transferNote } from '../../../figures/notes.js';
import { formatCount } from '../../../figures/numbers.js';
import { ErrorNote } from '../../parts/error-note.js';
import { Page } from '../../parts/page.js';
import { addresses } from '../../service/addresses.js';
import { api } from '../../service/api.js';
import { follow } from '../../service/feed.js';
import { Components } from './components.js';
import { ComparisonFigure } from './figure.js';
import { Measures } from './measures.js';
import { NoResults } from './no-results.js';
import { Tuning } from './tuning.js';
import { type PageView, queryOf, viewOf } from './view.js';

interface Loaded {
  readonly job: Job;
  /** Null while there are none. */
  readonly results: ComparisonResults | null;
}

/** A job's comparison: the paper's figure, the measures, the learning rates. */
export function ComparisonPage() {
  const { id = '' } = useRoute().params;
  return <ComparisonOf key={id} id={id} />;
}

function ComparisonOf({ id }: { id: string }) {
  const { query, route } = useLocation();
  const [loaded, setLoaded] = useState<Loaded | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  useEffect(() => watchResults(id, setLoaded, setFailure), [id]);
  if (!loaded) return <Page title="Comparison">{failure !== null && <ErrorNote error={failure} />}</Page>;
  const { job, results } = loaded;
  const view = viewOf(query);
  const onView = (next: PageView) => route(`${addresses.comparison(id)}${queryOf(next)}`, true);
  return (
    <Page
      title={`Comparison: ${job.spec.title ?? job.id}`}
      above={
        <>
          <a href={addresses.jobs()}>Jobs</a> / <a href={addresses.job(id)}>{job.spec.title ?? job.id}</a>
        </>
      }
      actions={
        results && (
          <a class="button" href={`/jobs/${id}/results`} download={`${id}-results.json`}>
            All results, JSON
          </a>
        )
      }
    >
      {results ? (
        <>
          <Summary results={results} />
          <ComparisonFigure id={id} results={results} view={view} onView={onView} />
          <Measures id={id} results={results} view={view} onView={onView} />
          <Components results={results} />
          <Tuning id={id} results={results} measure={view.measure} />
        </>
      ) : (
        <NoResults job={job} />
      )}
    </Page>
  );
}

/** What was compared, in a line, and a warning where it is not what the optimizer was trained on. */
function Summary({ results }: { results: ComparisonResults }) {
  const { problem, steps, functions, seed, resamples } = results;
  const dimension = 'dimension' in problem ? `, ${formatCount(problem.dimension)} coordinates` : '';
  return (
    <div class="stack">
      <p class="faint">
        {problem.name}
        {dimension} · {formatCount(steps)} steps · {formatCount(functions)} held-out functions · seed {seed} · 95 %
        intervals from {formatCount(resamples)} bootstrap resamples
      </p>
      {transferNote(results).map((note) => (
        <p class="note" key={note}>
          {note}
        </p>
      ))}
    </div>
  );
}

/** Fetches a job and its results, and again when the job changes, until there are results. @returns ends it */
function watchResults(id: string, onLoad: (loaded: Loaded) => void, onFailure: (error: unknown) => void): () => void {
  let isHere = true;
  let isDone = false;
  const load = async () => {
    try {
      const job = await api.get(id);
      const results = job.artifacts.includes(artifactNames.results) ? await api.results(id) : null;
      isDone = results !== null;
      if (isHere) onLoad({ job, results });
    } catch (error) {
      if (isHere) onFailure(error);
    }
  };
  void load();
  const unfollow = follow(({ jobs, reset }) => {
    if (!isDone && (reset || jobs.some((job) => job.id === id))) void load();
  });
  return () => {
    isHere = false;
    unfollow();
  };
}
