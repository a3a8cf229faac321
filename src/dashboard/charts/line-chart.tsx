import { useSignal } from '@preact/signals';
import './charts.css';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { toWire } from '../../contract/schema.js';
import { formatLoss } from '../../figures/numbers.js';
import type { Milestone } from './annotations.js';
import { ChartTable } from './chart-table.js';
import type { Curve } from './curve.js';
import { Downloads } from './downloads.js';
import { LinePlot } from './line-plot.js';
import { plotOf, type View } from './plot.js';
import { Swatch } from './swatch.js';
import { extent, iterationsOf, leftOut, nearest, summary } from './words.js';
import { afterKey, type Stretch, stretch } from './zoom.js';

interface Props {
  title: string;
  /** The beginning of the names of downloaded files. */
  fileName: string;
  curves: readonly Curve[];
  view: View;
  /** All of x that there is. */
  whole: Stretch;
  milestones?: readonly Milestone[];
  /** Address of every point that the buckets sum up, as CSV. */
  everyPoint?: string;
  /** Asks for another stretch of x; null for the whole. */
  onZoom: (zoom: Stretch | null) => void;
}

/** Curves by meta-iteration, with their numbers in words, in a table and as files. */
export function LineChart({ title, fileName, curves, view, whole, milestones = [], everyPoint, onZoom }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const chart = useRef<LinePlot | null>(null);
  const pointed = useSignal<number | null>(null);
  const plot = useMemo(() => plotOf(curves, view), [curves, view]);
  const latest = useRef({ view, whole, onZoom });
  latest.current = { view, whole, onZoom };

  useEffect(() => {
    const made = new LinePlot(host.current!, {
      onSelect: (from, to) => latest.current.onZoom(stretch(from, to, latest.current.whole)),
      onPoint: (x) => {
        pointed.value = x;
      },
    });
    chart.current = made;
    return () => made.destroy();
  }, [pointed]);
  useEffect(() => chart.current?.show({ plot, milestones, endLabels: curves.length > 1 }), [plot, milestones, curves]);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const zoom = afterKey(event.key, view, whole);
    if (zoom === undefined) return;
    event.preventDefault();
    onZoom(zoom);
  };
  const isZoomed = view.from > whole.from || view.to < whole.to;
  const notes = leftOut(plot);
  const drawn = plot.curves.map(({ curve }) => curve);
  return (
    <figure class="chart">
      <div
        class="plot"
        ref={host}
        role="application"
        aria-label={`${title}. ${drawn.map(summary).join(' ')}`}
        aria-keyshortcuts="+ - ArrowLeft ArrowRight 0"
        onKeyDown={onKeyDown}
        onDblClick={() => onZoom(null)}
      />
      <figcaption class="under">
        <p class="readout" aria-hidden="true">
          {pointed.value === null ? (
            <span class="faint">
              {drawn[0] ? extent(drawn[0]) : ''}
              {notes.length > 0 && ` · ${notes.join(' · ')}`}
            </span>
          ) : (
            drawn.map((curve) => <Readout key={curve.id} curve={curve} x={pointed.value!} />)
          )}
        </p>
        <div class="row">
          <button type="button" class="button plain" disabled={!isZoomed} onClick={() => onZoom(null)}>
            Show all
          </button>
          <Downloads
            title={title}
            fileName={fileName}
            plot={plot}
            curves={curves}
            png={() => chart.current?.toPng() ?? null}
            everyPoint={everyPoint}
          />
        </div>
      </figcaption>
      <ChartTable title={title} curves={drawn} />
    </figure>
  );
}

function Readout({ curve, x }: { curve: Curve; x: number }) {
  const i = nearest(curve, x);
  if (i < 0) return null;
  const value = (values: readonly number[]) => formatLoss(toWire(values[i]!));
  const spread = curve.width > 1 || curve.count[i]! > 1 ? ` (${value(curve.low)} … ${value(curve.high)})` : '';
  return (
    <span class="value">
      <Swatch stroke={curve.stroke} /> {curve.label} at {iterationsOf(curve, i)}: <b>{value(curve.mean)}</b>
      {spread}
    </span>
  );
}
