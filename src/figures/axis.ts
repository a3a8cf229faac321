/** An axis of losses, or of other values with a wide range: logarithmic if all are above 0. */
export interface Axis {
  /** Ascending. */
  readonly ticks: readonly number[];
  /** A note for the reader; empty for a logarithmic axis, which readers expect. */
  readonly note: string;
  /**
   * The position of a value: 0 at the low end, 1 at the high end, -1 to 2 where it is outside the figure; null for NaN.
   */
  position(value: number): number | null;
}

/** "log" is logarithmic as far as the values allow. */
export type AxisKind = 'log' | 'linear';

/**
 * The axis that shows all values. If some are 0, it is linear next to 0 and logarithmic above (symlog); if some are below
 * 0, it is linear.
 * @param reference values far above it (ten times on a logarithmic axis, on a linear one nine times its distance from the
 *   minimum) are outside the figure, as are those below 1e-12 of it, so that neither flattens all others
 */
export function axisOf(values: readonly number[], reference = Number.POSITIVE_INFINITY, kind: AxisKind = 'log'): Axis {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return { ticks: [], note: 'nothing finite to draw', position: () => null };
  const [low, high] = [finite.reduce((a, b) => Math.min(a, b)), finite.reduce((a, b) => Math.max(a, b))];
  // One that was asked for needs no note, and shows what is up to twice as high as the reference.
  if (kind === 'linear')
    return { ...linearAxis(low, reference > low ? Math.min(high, 2 * reference - low) : high), note: '' };
  if (low < 0 || high === 0)
    return linearAxis(low, reference > low ? Math.min(high, reference + 9 * (reference - low)) : high);
  const top = Math.min(high, reference > 0 ? 10 * reference : high);
  const minimum = finite.filter((value) => value > 0).reduce((a, b) => Math.min(a, b));
  const bottom = Math.max(minimum, 1e-12 * top);
  return low > 0 ? logAxis(bottom, top) : symlogAxis(bottom, top);
}

function logAxis(low: number, high: number): Axis {
  // Values of 0 and below are below every tick.
  const place = (value: number) => (value > 0 ? Math.log10(value) : Number.NEGATIVE_INFINITY);
  return axisBetween(place, low, high, { note: '', room: 0.02, ticks: logTicks });
}

/** By log10(1 + v / bottom): linear up to about `bottom`, logarithmic above. */
function symlogAxis(bottom: number, top: number): Axis {
  const place = (value: number) => Math.sign(value) * Math.log10(1 + Math.abs(value) / bottom);
  const ticks = (low: number, high: number) => {
    const isWithin = (value: number) => place(value) >= low && place(value) <= high;
    return [0, ...logTicks(Math.log10(bottom), Math.log10(top))].filter(isWithin);
  };
  return axisBetween(place, 0, top, { note: 'symlog axis (linear next to 0): some are 0', room: 0, ticks });
}

function linearAxis(low: number, high: number): Axis {
  const note = low < 0 ? 'linear axis: some are below 0' : 'linear axis: all are 0';
  const room = low < high ? 0 : 0.05 * (Math.abs(low) || 1);
  return axisBetween((value) => value, low, high, { note, room, ticks: linearTicks });
}

interface Kind {
  readonly note: string;
  /** Minimum margin on either side, for the case of a single value. */
  readonly room: number;
  ticks(from: number, to: number): number[];
}

/** @param place maps a value to the scale on which the axis is linear: `room` and the ticks' ends are on it */
function axisBetween(place: (value: number) => number, low: number, high: number, { note, room, ticks }: Kind): Axis {
  const [first, last] = [place(low), place(high)];
  const margin = Math.max(0.05 * (last - first), room);
  const [from, to] = [first - margin, last + margin];
  return {
    ticks: ticks(from, to),
    note,
    position(value) {
      if (Number.isNaN(value)) return null;
      return Math.min(2, Math.max(-1, (place(value) - from) / (to - from)));
    },
  };
}

/** Powers of ten, and their doubles and quintuples if there are few. @param low log10 of the ends */
export function logTicks(low: number, high: number): number[] {
  const exponents = Array.from({ length: Math.ceil(high) - Math.floor(low) + 1 }, (_, i) => Math.floor(low) + i);
  const within = (mantissas: number[]) =>
    exponents
      .flatMap((exponent) => mantissas.map((m) => Number(`${m}e${exponent}`)))
      .filter((value) => Math.log10(value) >= low && Math.log10(value) <= high);
  const decades = within([1]);
  if (decades.length >= 3) return decades;
  const finer = within([1, 2, 5]);
  return finer.length >= 2 ? finer : [10 ** low, 10 ** high].map((value) => Number(value.toPrecision(3)));
}

/** Four to nine round numbers. */
export function linearTicks(low: number, high: number): number[] {
  const power = 10 ** Math.floor(Math.log10((high - low) / 4));
  const every = [5, 2, 1].map((m) => m * power).find((step) => (high - low) / step >= 4)!;
  const first = Math.ceil(low / every);
  const count = Math.floor(high / every) - first + 1;
  // Products of a step such as 0.1 have a last digit too many.
  return Array.from({ length: count }, (_, i) => Number(((first + i) * every).toPrecision(12)));
}

/** A tick's label: "0.01", "1e-5", "-20". */
export function formatTick(value: number): string {
  const size = Math.abs(value);
  return size === 0 || (size >= 1e-3 && size < 1e5) ? String(value) : value.toExponential().replace('e+', 'e');
}
