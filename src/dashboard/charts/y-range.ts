/** The stretch of the vertical axis that is drawn. */
export interface YRange {
  readonly low: number;
  readonly high: number;
  /** Places outside it. */
  readonly outside: number;
}

/** Outliers are left outside if the rest would otherwise have less than this share of the height. */
const leastShare = 0.4;
const margin = 0.05;

/**
 * The range that shows the places: all of them, or all but few outliers that would flatten the rest.
 * @param places finite
 * @param all whether outliers are shown too
 */
export function yRange(places: readonly number[], all: boolean): YRange {
  if (places.length === 0) return { low: 0, high: 1, outside: 0 };
  const sorted = Float64Array.from(places).sort();
  const [lowest, highest] = [sorted[0]!, sorted.at(-1)!];
  if (all) return widened(lowest, highest, 0);
  // Few places are all of interest: the quantiles are of the places without one in fifty at either end.
  const cut = Math.floor(sorted.length / 50);
  const [low, high] = [sorted[cut]!, sorted[sorted.length - 1 - cut]!];
  const room = (high - low) / leastShare;
  if (high === low || highest - lowest <= room) return widened(lowest, highest, 0);
  const range = widened(Math.max(lowest, low - room / 4), Math.min(highest, high + room / 4), 0);
  return { ...range, outside: sorted.filter((place) => place < range.low || place > range.high).length };
}

function widened(low: number, high: number, outside: number): YRange {
  const room = low < high ? margin * (high - low) : 0.05 * Math.abs(low) || 0.5;
  return { low: low - room, high: high + room, outside };
}
