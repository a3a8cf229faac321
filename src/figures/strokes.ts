import type { Series } from './series.js';
import { colourClass } from './style.js';

/** The look of a series' line: its classes, its dashes, a piece of it for legends. */

/** Dash patterns, in the units of the drawing; the first is a solid line. */
export const dashes = ['', '7 4', '2 4', '9 3 2 3'];

/** A piece of a series' line, `width` wide, around y = 0: for legends. */
export function swatch(series: Series, width: number): string {
  const dashing = dashesOf(series) === '' ? '' : ` stroke-dasharray="${dashesOf(series)}"`;
  return `<g class="${seriesClass(series)}"><path class="line"${dashing} d="M0 0h${width}"/></g>`;
}

/** The CSS classes of a series. */
export function seriesClass({ family, learned }: Series): string {
  return `${colourClass(family)}${learned ? ' learned' : ''}`;
}

/** Its dash pattern, which differs between the variants of one rule. */
export function dashesOf({ variant }: Series): string {
  return dashes[variant % dashes.length]!;
}
