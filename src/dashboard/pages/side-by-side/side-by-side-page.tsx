import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { ChartControls, Check } from '../../charts/chart-controls.js';
import { bucketCurve, type Curve, pointCurve, type Stroke } from '../../charts/curve.js';
import { LineChart } from '../../charts/line-chart.js';
import { jobStrokes } from '../../charts/palette.js';
import type { Validation } from '../../charts/validations.js';
import { viewOf, zoomQuery } from '../../charts/view-query.js';
import { Empty } from '../../parts/empty.js';
import { ErrorNote } from '../../parts/error-note.js';
import { Page } from '../../parts/page.js';
import { addresses } from '../../service/addresses.js';
import { useQuery } from '../../service/query-state.js';
import { type ComparedJob, ComparedJobs } from './compared-jobs.js';
import { DifferencesTable } from './differences-table.js';
import { JobsLegend } from './jobs-legend.js';
import { overSeeds } from './seeds.js';
import './side-by-side.css';
import { seedGroups } from './spec-table.js';
import { useValidations } from './use-validations.js';

/** Jobs that one page compares at most: more curves than anyone can tell apart. */
const most = 20;

/** The losses of several jobs on one chart, below what their documents differ in. */
export function SideBySidePage() {
  const [query] = useQuery();
  const ids = [...new Set((query.jobs ?? '').split(',').filter((id) => /^[0-9A-Za-z]{1,64}$/.test(id)))].slice(0, most);
  if (ids.length === 0)
    return (
      <Page title="Side by side">
        <Empty title="No jobs to compare">
          <p>
            Choose two or more <a href={addresses.jobs()}>jobs</a> in the list, then “Side by side”.
          </p>
        </Empty>
      </Page>
    );
  return <SideBySide key={ids.join()} ids={ids} />;
}

function SideBySide({ ids }: { ids: readonly string[] }) {
  const [query, change] = useQuery();
  const model = useSignal<ComparedJobs | null>(null);
  const key = ids.join();
  useEffect(() => {
    const made = new ComparedJobs(key.split(','), Math.min(2000, Math.max(400, innerWidth)));
    model.value = made;
    return () => made.close();
  }, [key, model]);
  const jobs = model.value?.jobs.value ?? null;
  const hidden = useMemo(() => new Set((query.hide ?? '').split(',').filter((id) => id !== '')), [query.hide]);
  const strokes = useMemo(() => new Map(key.split(',').map((id, i) => [id, jobStrokes(key.split(','))[i]!])), [key]);
  const groups = useMemo(() => (jobs ? seedGroups(jobs.map(({ job }) => job.spec)) : []), [jobs]);
  const hasSeeds = groups.some((group) => group.length > 1);
  const banded = hasSeeds && query.seeds === 'band';
  const specs = useMemo(() => new Map((jobs ?? []).map(({ job }) => [job.id, job.spec])), [jobs]);
  const validations = useValidations(specs, query.validation === 'on');
  const curves = useMemo(
    () =>
      jobs
        ? [
            ...curvesOf(jobs, banded ? groups : jobs.map((_, i) => [i]), hidden, strokes),
            ...(query.validation === 'on' ? validationsOf(jobs, validations, hidden, strokes) : []),
          ]
        : [],
    [jobs, groups, banded, hidden, strokes, validations, query.validation],
  );
  const to = Math.max(1, ...(jobs ?? []).map((one) => one.to));
  const view = useMemo(() => viewOf(query, to, false), [query, to]);
  const failure = model.value?.failure.value ?? null;
  const missing = model.value?.missing.value ?? [];
  return (
    <Page title="Side by side" above={<a href={addresses.jobs()}>Jobs</a>}>
      {failure && !jobs && <ErrorNote error={failure} />}
      {missing.length > 0 && <p class="note">Not found, or deleted: {missing.join(', ')}</p>}
      {jobs && jobs.length > 0 && (
        <>
          <DifferencesTable jobs={jobs} strokes={strokes} />
          <section class="section" aria-labelledby="losses-title">
            <div class="row apart">
              <h2 id="losses-title">Meta-loss</h2>
              <div class="row">
                <ChartControls view={view} iterations={to} band={false} onChange={change} />
                <Check
                  label="Validations"
                  checked={query.validation === 'on'}
                  onChange={(on) => change({ validation: on ? 'on' : undefined })}
                />
                {hasSeeds && (
                  <Check
                    label="Seeds as mean and band"
                    checked={banded}
                    onChange={(on) => change({ seeds: on ? 'band' : undefined })}
                  />
                )}
              </div>
            </div>
            <JobsLegend
              jobs={jobs}
              strokes={strokes}
              hidden={hidden}
              onToggle={(id) => {
                const next = hidden.has(id) ? [...hidden].filter((other) => other !== id) : [...hidden, id];
                change({ hide: next.length > 0 ? next.join(',') : undefined });
              }}
            />
            <LineChart
              title="Meta-losses side by side"
              fileName="side-by-side"
              curves={curves}
              view={view}
              whole={{ from: 0, to }}
              onZoom={(zoom) => change(zoomQuery(zoom))}
            />
          </section>
        </>
      )}
    </Page>
  );
}

function validationsOf(
  jobs: readonly ComparedJob[],
  validations: ReadonlyMap<string, readonly Validation[]>,
  hidden: ReadonlySet<string>,
  strokes: ReadonlyMap<string, Stroke>,
): Curve[] {
  return jobs.flatMap(({ job: { id, spec } }) => {
    const points = validations.get(id) ?? [];
    if (hidden.has(id) || points.length === 0) return [];
    const name = { id: `validation ${id}`, label: `validation: ${spec.title ?? id}`, stroke: strokes.get(id)! };
    return [
      pointCurve(
        points.map(({ iteration, loss, best }) => ({ x: iteration, y: loss, best })),
        name,
      ),
    ];
  });
}

/** A curve per group of jobs: a job's own, or the mean over its seeds in the stroke of the first. */
function curvesOf(
  jobs: readonly ComparedJob[],
  groups: readonly (readonly number[])[],
  hidden: ReadonlySet<string>,
  strokes: ReadonlyMap<string, Stroke>,
): Curve[] {
  return groups.flatMap((group) => {
    const shown = group.map((i) => jobs[i]!).filter(({ job }) => !hidden.has(job.id));
    const losses = shown.flatMap((one) => one.losses ?? []);
    const [first] = shown;
    if (!first || losses.length === 0) return [];
    const { id, spec } = first.job;
    const stroke = strokes.get(id)!;
    const label = spec.title ?? id;
    if (losses.length === 1) return [bucketCurve(losses[0]!, { id, label, stroke })];
    return [overSeeds(losses, { id, label: `${losses.length} seeds: ${label}`, stroke })];
  });
}
