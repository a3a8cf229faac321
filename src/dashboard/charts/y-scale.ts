import { linearTicks, logTicks } from '../../figures/axis.js';

export const scaleKinds = ['log', 'symlog', 'linear'] as const;
export type ScaleKind = (typeof scaleKinds)[number];

/** The vertical axis: losses on one side, places on a linear axis on the other. */
export interface YScale {
  readonly kind: ScaleKind;
  /** Null for what has no place: NaN, infinities, and on a log axis 0 and below. */
  place(value: number): number | null;
  /** The value at a place. */
  valueAt(place: number): number;
  /** Round values between two places, ascending; low < high. */
  ticks(low: number, high: number): number[];
}

/** @param values what the axis shows: a symlog axis is linear below most of their magnitudes */
export function yScale(kind: ScaleKind, values: readonly number[]): YScale {
  if (kind === 'linear') return linear;
  return kind === 'log' ? log : symlog(threshold(values));
}

const linear: YScale = {
  kind: 'linear',
  place: (value) => (Number.isFinite(value) ? value : null),
  valueAt: (place) => place,
  ticks: linearTicks,
};

const log: YScale = {
  kind: 'log',
  place: (value) => (value > 0 && Number.isFinite(value) ? Math.log10(value) : null),
  valueAt: (place) => 10 ** place,
  ticks: logTicks,
};

/** By log10(1 + |v| / threshold): linear up to about the threshold, logarithmic beyond. */
function symlog(threshold: number): YScale {
  const place = (value: number) => Math.sign(value) * Math.log10(1 + Math.abs(value) / threshold);
  const valueAt = (at: number) => Math.sign(at) * threshold * (10 ** Math.abs(at) - 1);
  return {
    kind: 'symlog',
    place: (value) => (Number.isFinite(value) ? place(value) : null),
    valueAt,
    ticks(low, high) {
      const [first, last] = [valueAt(low), valueAt(high)];
      // Without a decade to show, round numbers of a linear axis are closer together.
      if (Math.max(Math.abs(low), Math.abs(high)) < 1) return linearTicks(first, last);
      const sizes = logTicks(Math.log10(threshold), Math.log10(Math.max(-first, last)));
      const all = [...sizes.map((size) => -size).reverse(), 0, ...sizes];
      return all.filter((value) => first <= value && value <= last);
    },
  };
}

/** The power of ten at or below the 5 % quantile of the magnitudes above 0; 1 without any. */
function threshold(values: readonly number[]): number {
  const sizes = Float64Array.from(values, Math.abs).filter((size) => size > 0 && Number.isFinite(size));
  if (sizes.length === 0) return 1;
  sizes.sort();
  return 10 ** Math.floor(Math.log10(sizes[Math.floor(0.05 * (sizes.length - 1))]!));
}

/** Every second, third, … tick, if there are more than `most`; a tick at 0 stays. */
export function thinned(ticks: readonly number[], most: number): number[] {
  const every = Math.ceil(ticks.length / Math.max(1, most));
  const zero = Math.max(0, ticks.indexOf(0));
  return ticks.filter((_, i) => (i - zero) % every === 0);
}
