import { type Chart, drawChart, escapeXml, fixed } from './chart.js';
import type { Series } from './series.js';
import { swatch } from './strokes.js';

/** Every figure is drawn twice, for a wide and for a narrow page: scaled text would be unreadable. */
export const sizes = [
  { className: 'wide', width: 860, height: 400, plot: { left: 58, top: 34, width: 778, height: 312 }, most: 10 },
  { className: 'narrow', width: 360, height: 300, plot: { left: 46, top: 30, width: 294, height: 218 }, most: 5 },
] as const;

/** An HTML figure: its legend, its chart in each of the sizes, its caption. */
export function figure(charts: readonly Chart[], description: string, legendList: string, caption: string): string {
  const drawings = sizes.map(
    ({ className, width, height, plot }, i) =>
      `<svg class="${className}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeXml(description)}">${drawChart(charts[i]!, plot).join('')}</svg>`,
  );
  const note = caption === '' ? '' : `<figcaption>${escapeXml(caption)}</figcaption>`;
  return `<figure>${legendList}${drawings.join('\n')}${note}</figure>`;
}

/** The series by name. */
export function legend(series: readonly Series[]): string {
  return `<ul class="legend">${series.map((s, i) => item(s.label, swatch(s, 28), `k${i}`)).join('')}</ul>`;
}

/** An entry of a legend. */
export function item(label: string, drawing: string, className = ''): string {
  return `<li class="${className}">${sample(drawing)}${escapeXml(label)}</li>`;
}

/** A line as it is drawn in the figures, for legends and tables. */
export function sample(drawing: string): string {
  const [width, height] = [28, 10];
  return `<svg class="sample" viewBox="0 ${fixed(-height / 2)} ${width} ${height}" width="${width}" height="${height}" aria-hidden="true">${drawing}</svg>`;
}
