import { type Signal, useSignal, useSignalEffect } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import type { ComparisonResults } from '../../../contract/results.js';
import { toWire } from '../../../contract/schema.js';
import { type Chart, placed } from '../../../figures/chart.js';
import { comparisonChart, shownIn } from '../../../figures/comparison.js';
import { formatCount, formatLoss } from '../../../figures/numbers.js';
import { placeAt, type Series, toSeries } from '../../../figures/series.js';
import { Swatch } from '../../charts/swatch.js';
import { pageColour } from '../../charts/theme.js';
import { Scroll } from '../../parts/scroll.js';
import { Toggle } from '../../parts/toggle.js';
import { FigureDownloads } from './downloads.js';
import { Plot, type PlotSize } from './plot.js';
import { someSteps, stepAfter } from './steps.js';
import { type PageView, toggled } from './view.js';

interface Props {
  id: string;
  results: ComparisonResults;
  view: PageView;
  onView: (view: PageView) => void;
}

const axes = [
  ['log', 'Log'],
  ['linear', 'Linear'],
] as const;
const bands = [
  ['none', 'No bands'],
  ['best', 'Best'],
  ['all', 'All bands'],
] as const;

/** The losses by step, of each optimizer that is shown, and their values at the step that one points at. */
export function ComparisonFigure({ id, results, view, onView }: Props) {
  const series = toSeries(results);
  const shown = shownIn(results, view);
  const { steps } = results;
  const step = useSignal(steps);
  const pointed = useSignal<number | null>(null);
  const chartOf = (most: number) => comparisonChart(results, most, view);
  return (
    <section class="section comparison-figure" aria-labelledby="figure-title">
      <div class="row">
        <h2 id="figure-title">Loss by step</h2>
        <Toggle label="Axis" options={axes} value={view.axis} onChange={(axis) => onView({ ...view, axis })} />
        <Toggle
          label="Bands"
          options={bands}
          value={view.bands}
          onChange={(kind) => onView({ ...view, bands: kind })}
        />
        <FigureDownloads id={id} results={results} view={view} />
      </div>
      <div class="figure-columns">
        <div class="stack">
          <StepCursor step={step} steps={steps} series={shown.map((i) => series[i]!)}>
            <Emphasis pointed={pointed}>
              <Plot
                chartOf={chartOf}
                colourOf={({ className }) => series[placeOf(className)]!.family}
                over={(chart, size) => (
                  <Cursor step={step} chart={chart} size={size} series={shown.map((i) => series[i]!)} />
                )}
              />
            </Emphasis>
          </StepCursor>
          <p class="caption">
            The mean of f(θₜ) over {formatCount(results.functions)} functions
            {view.bands === 'none' ? '' : ', and the band from the 25 % to the 75 % quantile'}. Every optimizer has the
            same functions and starting points.
          </p>
        </div>
        <Legend series={series} view={view} step={step} pointed={pointed} onView={onView} />
      </div>
      <Numbers series={shown.map((i) => series[i]!)} steps={steps} />
    </section>
  );
}

/** The place of an optimizer, which names its line. */
function placeOf(className: string): number {
  return Number(/ s(\d+)$/.exec(className)?.[1] ?? 0);
}

/** All lines but the one that is pointed at are faint. Only a class changes, since there may be many points. */
function Emphasis({ pointed, children }: { pointed: Signal<number | null>; children: ComponentChildren }) {
  const box = useRef<HTMLDivElement>(null);
  useSignalEffect(() => {
    const place = pointed.value;
    for (const line of box.current?.querySelectorAll('.line, .band') ?? [])
      line.classList.toggle('faint', place !== null && !line.classList.contains(`s${place}`));
  });
  return <div ref={box}>{children}</div>;
}

interface CursorProps {
  step: Signal<number>;
  steps: number;
  series: readonly Series[];
  children: ComponentChildren;
}

/** Chooses a step: by pointer, and by keyboard as a slider. */
function StepCursor({ step, steps, series, children }: CursorProps) {
  const move = (event: PointerEvent) => {
    const plot = (event.currentTarget as HTMLElement).querySelector('svg svg');
    if (!plot) return;
    const { left, width } = plot.getBoundingClientRect();
    step.value = Math.min(steps, Math.max(0, Math.round(((event.clientX - left) / width) * steps)));
  };
  const text = series
    .map(({ label, mean }) => `${label} ${formatLoss(toWire(mean[step.value] ?? Number.NaN))}`)
    .join(', ');
  return (
    <div
      class="step-cursor"
      role="slider"
      tabIndex={0}
      aria-label="Step t"
      aria-valuemin={0}
      aria-valuemax={steps}
      aria-valuenow={step.value}
      aria-valuetext={`Step ${step.value}: ${text}`}
      onPointerMove={move}
      onPointerDown={move}
      onKeyDown={(event) => {
        const to = stepAfter(event.key, step.value, steps);
        if (to === undefined) return;
        event.preventDefault();
        step.value = to;
      }}
    >
      {children}
    </div>
  );
}

/** The chosen step, as a line with a dot on each curve. */
function Cursor({
  step,
  chart,
  size,
  series,
}: {
  step: Signal<number>;
  chart: Chart;
  size: PlotSize;
  series: readonly Series[];
}) {
  const x = (chart.x.position(step.value) ?? 0) * size.width;
  return (
    <g>
      <path class="cursor" d={`M${x} 0v${size.height}`} />
      {series.map(({ label, family, mean, steps }) => {
        const place = placeAt({ steps }, step.value);
        const spot = placed(chart.x, chart.y, size, { x: steps[place] ?? 0, y: mean[place] ?? Number.NaN });
        if (!spot || spot.y < 0 || spot.y > size.height) return null;
        return <circle key={label} fill={pageColour(family)} cx={spot.x} cy={spot.y} r={3.5} />;
      })}
    </g>
  );
}

interface LegendProps {
  series: readonly Series[];
  view: PageView;
  step: Signal<number>;
  /** Place of the optimizer that is pointed at. */
  pointed: Signal<number | null>;
  onView: (view: PageView) => void;
}

/** The optimizers, which of them are shown, and their losses at the chosen step. */
function Legend({ series, view, step, pointed, onView }: LegendProps) {
  return (
    <div class="figure-legend">
      <table class="table">
        <thead>
          <tr>
            <th scope="col">Step {formatCount(step.value)}</th>
            <th scope="col" class="number">
              Mean, quartiles
            </th>
          </tr>
        </thead>
        <tbody>
          {series.map((one, place) => (
            <tr
              key={one.label}
              onPointerEnter={() => {
                pointed.value = view.hidden.includes(place) ? null : place;
              }}
              onPointerLeave={() => {
                pointed.value = null;
              }}
            >
              <th scope="row">
                <label>
                  <input
                    type="checkbox"
                    checked={!view.hidden.includes(place)}
                    onChange={() => onView(toggled(view, place))}
                  />
                  <Swatch stroke={{ colour: one.family, dash: one.variant }} />
                  <span class={one.learned ? 'learned' : undefined}>{one.label}</span>
                </label>
              </th>
              <td class="number">
                {formatLoss(toWire(one.mean[placeAt(one, step.value)] ?? Number.NaN))}
                <small>{quartilesAt(one, placeAt(one, step.value))}</small>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function quartilesAt({ low, high }: Series, place: number): string {
  const [from, to] = [low[place], high[place]];
  return from === undefined || to === undefined ? '–' : `${formatLoss(toWire(from))} … ${formatLoss(toWire(to))}`;
}

/** The curves in numbers, at some of the steps; the downloads have all of them. */
function Numbers({ series, steps }: { series: readonly Series[]; steps: number }) {
  return (
    <details class="numbers">
      <summary>Numbers</summary>
      <Scroll label="Mean loss by step">
        <table class="table">
          <thead>
            <tr>
              <th scope="col" class="number">
                Step
              </th>
              {series.map(({ label }) => (
                <th key={label} scope="col" class="number">
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {someSteps(steps, 20).map((t) => (
              <tr key={t}>
                <th scope="row" class="number">
                  {formatCount(t)}
                </th>
                {series.map((one) => (
                  <td key={one.label} class="number">
                    {formatLoss(toWire(one.mean[placeAt(one, t)] ?? Number.NaN))}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </details>
  );
}
