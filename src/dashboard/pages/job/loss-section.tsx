import { useMemo } from 'preact/hooks';
import type { Job } from '../../../contract/job.js';
import { ChartControls, Check } from '../../charts/chart-controls.js';
import { bucketCurve, pointCurve } from '../../charts/curve.js';
import { LineChart } from '../../charts/line-chart.js';
import { jobColour } from '../../charts/palette.js';
import { viewOf, zoomOf, zoomQuery } from '../../charts/view-query.js';
import { useQuery } from '../../service/query-state.js';
import type { JobModel } from './job-model.js';
import { useDetail } from './use-detail.js';

/** The palette's grey, or its blue beside a grey job. */
const validationColour = (own: number) => (own === 5 ? 0 : 5);

/** The meta-loss so far, live, and the validations on the same axis. */
export function LossSection({ model, job, buckets }: { model: JobModel; job: Job; buckets: number }) {
  const [query, change] = useQuery();
  const losses = model.stream.losses.value;
  const told = model.told.value;
  const to = losses?.to ?? 0;
  const iterations = job.spec.kind === 'metatrain' ? job.spec.training.iterations : 0;
  const view = useMemo(() => viewOf(query, to), [query, to]);
  const zoom = useMemo(() => zoomOf(query), [query]);
  const detail = useDetail(job.id, zoom, buckets, to);
  const own = jobColour(job.id);
  const loss = useMemo(() => {
    const drawn = detail ?? losses?.buckets;
    return drawn ? bucketCurve(drawn, { id: 'loss', label: 'meta-loss', stroke: { colour: own, dash: 0 } }) : null;
  }, [detail, losses, own]);
  const validation = useMemo(() => {
    const points = (told?.history.validations ?? []).map(({ iteration, loss, best }) => ({
      x: iteration,
      y: loss,
      best,
    }));
    if (points.length === 0 || query.validation === 'off') return null;
    const stroke = { colour: validationColour(own), dash: 0 };
    return pointCurve(points, { id: 'validation', label: 'validation', stroke });
  }, [told, own, query.validation]);
  const curves = useMemo(() => [loss, validation].filter((curve) => curve !== null), [loss, validation]);
  const begins = model.stream.begins.value;
  const milestones = useMemo(
    () => [...begins].map(([attempt, x]) => ({ x, label: `attempt ${attempt}` })).sort((a, b) => a.x - b.x),
    [begins],
  );
  return (
    <section class="section" aria-labelledby="loss-title">
      <div class="row apart">
        <h2 id="loss-title">Meta-loss</h2>
        <div class="row">
          <ChartControls view={view} iterations={iterations} onChange={change} />
          <Check
            label="Validations"
            checked={query.validation !== 'off'}
            onChange={(on) => change({ validation: on ? undefined : 'off' })}
          />
        </div>
      </div>
      <p class="small faint">
        Loss f(θ), mean over the steps of an unroll. Validations are on held-out functions; the ring marks the best,
        whose weights are kept.
      </p>
      <LineChart
        title={`Meta-loss of ${job.spec.title ?? job.id}`}
        fileName={`${job.id}-losses`}
        curves={curves}
        view={view}
        whole={{ from: 0, to: Math.max(1, to) }}
        milestones={milestones}
        onZoom={(next) => change(zoomQuery(next))}
      />
    </section>
  );
}
