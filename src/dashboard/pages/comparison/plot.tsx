import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { bandPath, type Chart, type ChartLine, linePath, type Place, placed } from '../../../figures/chart.js';
import { pageColour } from '../../charts/theme.js';
import { fewer } from './steps.js';

/** A chart of src/figures as elements, as wide as its place. */

const margin = { left: 58, right: 14, top: 28, bottom: 44 };

/** The plot's rectangle in a drawing of some width. */
export interface PlotSize {
  readonly width: number;
  readonly height: number;
}

interface Props {
  /** @param most ticks of an axis */
  chartOf: (most: number) => Chart;
  /** The number of a line's colour in the palette. */
  colourOf: (line: ChartLine) => number;
  /** What is above the lines, from the plot's left and upper corner. */
  over?: ((chart: Chart, size: PlotSize) => ComponentChildren) | undefined;
}

export function Plot({ chartOf, colourOf, over }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const { current } = box;
    if (!current) return;
    const observer = new ResizeObserver(() => setWidth(current.clientWidth));
    observer.observe(current);
    return () => observer.disconnect();
  }, []);
  return (
    <div class="comparison-plot" ref={box}>
      {width > 0 && <Drawing chartOf={chartOf} colourOf={colourOf} over={over} width={width} />}
    </div>
  );
}

function Drawing({ chartOf, colourOf, over, width }: Props & { width: number }) {
  const height = heightOf(width);
  const chart = chartOf(width < 560 ? 5 : 10);
  const size = { width: width - margin.left - margin.right, height: height - margin.top - margin.bottom };
  const place = (point: { x: number; y: number }) => placed(chart.x, chart.y, size, point);
  const at = (share: number | null) => size.height * (1 - (share ?? 0));
  return (
    <svg viewBox={`0 0 ${width} ${height}`} width={width} height={height} aria-hidden="true">
      <text x={margin.left} y={14}>
        {chart.y.title}
      </text>
      <text x={width - margin.right} y={height - 4} text-anchor="end">
        {chart.x.title}
      </text>
      <g transform={`translate(${margin.left} ${margin.top})`}>
        {chart.y.ticks.map(({ value, label }) => (
          <g key={value} transform={`translate(0 ${at(chart.y.position(value))})`}>
            <path class="grid" d={`M0 0h${size.width}`} />
            <text x={-8} dy=".35em" text-anchor="end">
              {label}
            </text>
          </g>
        ))}
        <path class="grid" d={`M0 ${size.height}h${size.width}`} />
        {chart.x.ticks.map(({ value, label }) => (
          <g key={value} transform={`translate(${(chart.x.position(value) ?? 0) * size.width} ${size.height})`}>
            <path class="grid" d="M0 0v5" />
            <text y={18} text-anchor="middle">
              {label}
            </text>
          </g>
        ))}
        {/* A nested svg clips its content. */}
        <svg width={size.width} height={size.height} aria-hidden="true">
          {chart.lines.map((line) => (
            <Band key={line.className} line={line} colour={colourOf(line)} place={place} columns={size.width} />
          ))}
          {chart.lines.map((line) => (
            <Line key={line.className} line={line} colour={colourOf(line)} place={place} columns={size.width} />
          ))}
        </svg>
        {over?.(chart, size)}
      </g>
    </svg>
  );
}

/** A low page has a low chart. */
function heightOf(width: number): number {
  return Math.round(Math.min(440, Math.max(260, 0.5 * width)));
}

interface LineProps {
  line: ChartLine;
  colour: number;
  place: Place;
  columns: number;
}

function Band({ line: { className, band }, colour, place, columns }: LineProps) {
  if (band.length === 0) return null;
  const edges = [band.map(({ x, low }) => ({ x, y: low })), band.map(({ x, high }) => ({ x, y: high }))];
  const kept = new Set(edges.flatMap((edge) => fewer(edge, 4 * columns).map(({ x }) => x)));
  const outline = band.filter(({ x }) => kept.has(x));
  return <path class={`band ${className}`} fill={pageColour(colour)} d={bandPath(outline, place)} />;
}

function Line({ line, colour, place, columns }: LineProps) {
  const { className, dashes, points, marks } = line;
  return (
    <>
      <path
        class={`line ${className}`}
        stroke={pageColour(colour)}
        stroke-dasharray={dashes === '' ? undefined : dashes}
        d={linePath(fewer(points, 4 * columns), place)}
      />
      {marks.map((mark) => {
        const spot = place(mark);
        return spot && <circle key={mark.x} fill={pageColour(colour)} cx={spot.x} cy={spot.y} r={4} />;
      })}
    </>
  );
}
