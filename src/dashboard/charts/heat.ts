import { type YScale, yScale } from './y-scale.js';

/** The losses of consecutive meta-iterations, step by step. */
export interface LossField {
  /** The first meta-iteration. */
  readonly iteration: number;
  /** Losses per meta-iteration; those of meta-iteration `iteration` + i begin at i · steps. */
  readonly steps: number;
  readonly points: ArrayLike<number>;
}

/** A field of losses as a picture: meta-iterations from left to right, steps from top to bottom. */
export interface HeatPicture {
  readonly columns: number;
  readonly rows: number;
  /** By row: from 0 for the least loss to 1 for the greatest; NaN for one that is not finite. */
  readonly shares: Float32Array;
  readonly scale: YScale;
  /** Null if no loss is finite. */
  readonly least: number | null;
  readonly greatest: number | null;
  /** Losses that are not finite. */
  readonly notFinite: number;
}

/** On a logarithmic scale, where all losses are above 0; else on a symlog one. */
export function heatPicture({ steps, points }: LossField): HeatPicture {
  const columns = Math.floor(points.length / steps);
  const finite = Array.from(points).filter(Number.isFinite);
  const least = finite.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const greatest = finite.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const scale = yScale(least > 0 ? 'log' : 'symlog', finite);
  const [low, high] = [scale.place(least) ?? 0, scale.place(greatest) ?? 1];
  const shares = new Float32Array(columns * steps);
  for (let column = 0; column < columns; column++)
    for (let step = 0; step < steps; step++) {
      const place = scale.place(points[column * steps + step]!);
      shares[step * columns + column] = place === null ? Number.NaN : high > low ? (place - low) / (high - low) : 0.5;
    }
  const known = finite.length > 0;
  return {
    columns,
    rows: steps,
    shares,
    scale,
    least: known ? least : null,
    greatest: known ? greatest : null,
    notFinite: points.length - finite.length,
  };
}

type Rgb = readonly [red: number, green: number, blue: number];

/** Colours between those of the stops, at equal distances from 0 to 1. @param stops as "#rrggbb" */
export function ramp(stops: readonly string[]): (share: number) => Rgb {
  const colours = stops.map(rgb);
  return (share) => {
    const at = Math.min(Math.max(share, 0), 1) * (colours.length - 1);
    const i = Math.min(Math.floor(at), colours.length - 2);
    const [a, b] = [colours[i]!, colours[i + 1]!];
    const mix = (channel: 0 | 1 | 2) => Math.round(a[channel] + (at - i) * (b[channel] - a[channel]));
    return [mix(0), mix(1), mix(2)];
  };
}

export function rgb(colour: string): Rgb {
  const number = Number.parseInt(colour.slice(1), 16);
  return [number >> 16, (number >> 8) & 255, number & 255];
}
