import type { View } from './plot.js';
import { scaleKinds } from './y-scale.js';
import type { Stretch } from './zoom.js';

/** A view of a chart as the query of an address: what is as usual is left out. */

/**
 * The view of curves that end at `end`.
 * @param band whether bands are drawn as usual
 */
export function viewOf(query: Readonly<Record<string, string>>, end: number, band = true): View {
  const whole = { from: 0, to: Math.max(1, end) };
  const from = numberOf(query.from) ?? whole.from;
  const to = numberOf(query.to) ?? whole.to;
  return {
    scale: scaleKinds.find((kind) => kind === query.scale) ?? 'log',
    smoothing: numberOf(query.smooth) ?? 0,
    fitAll: query.fit === 'all',
    band: band ? query.band !== 'off' : query.band === 'on',
    ...(from < to ? { from, to } : whole),
  };
}

/** Whether the view is a part of the curves, which then have finer buckets. */
export function zoomOf(query: Readonly<Record<string, string>>): Stretch | null {
  const [from, to] = [numberOf(query.from), numberOf(query.to)];
  return from !== null && to !== null && from < to ? { from, to } : null;
}

export function zoomQuery(zoom: Stretch | null): Record<string, string | undefined> {
  return zoom === null ? { from: undefined, to: undefined } : { from: String(zoom.from), to: String(zoom.to) };
}

function numberOf(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,12}$/.test(text) ? Number(text) : null;
}
