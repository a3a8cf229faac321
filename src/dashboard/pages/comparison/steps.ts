import type { Point } from '../../../figures/chart.js';

/**
 * At most about `most` points of a curve that look the same on so many columns: the first, the lowest, the highest and the
 * last of each stretch (M4: Jugel et al. 2014). Points without a value stay, so that gaps do.
 */
export function fewer(points: readonly Point[], most: number): readonly Point[] {
  if (points.length <= most) return points;
  const each = Math.ceil((4 * points.length) / most);
  const kept: Point[] = [];
  for (let start = 0; start < points.length; start += each) {
    const stretch = points.slice(start, start + each);
    const known = stretch.filter(({ y }) => !Number.isNaN(y));
    const lowest = known.reduce<Point | undefined>((a, b) => (a && a.y <= b.y ? a : b), undefined);
    const highest = known.reduce<Point | undefined>((a, b) => (a && a.y >= b.y ? a : b), undefined);
    const gap = stretch.find(({ y }) => Number.isNaN(y));
    const chosen = new Set([stretch[0], lowest, highest, gap, stretch.at(-1)]);
    kept.push(...stretch.filter((point) => chosen.has(point)));
  }
  return kept;
}

/** At most `most` + 1 steps from 0 to the last one, evenly apart but for the last. */
export function someSteps(last: number, most: number): number[] {
  const every = Math.max(1, Math.ceil(last / most));
  const steps = Array.from({ length: Math.floor(last / every) + 1 }, (_, i) => i * every);
  return steps.at(-1) === last ? steps : [...steps, last];
}

/** Where a key takes the cursor; undefined for other keys. */
export function stepAfter(key: string, step: number, last: number): number | undefined {
  const page = Math.max(1, Math.round(last / 10));
  const to = {
    ArrowLeft: step - 1,
    ArrowDown: step - 1,
    ArrowRight: step + 1,
    ArrowUp: step + 1,
    PageDown: step - page,
    PageUp: step + page,
    Home: 0,
    End: last,
  }[key];
  return to === undefined ? undefined : Math.min(last, Math.max(0, to));
}
