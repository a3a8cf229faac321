import type { Sparkline } from '../../contract/job-summary.js';
import { fromWire } from '../../contract/schema.js';

export const sparklineBox = { width: 96, height: 24 } as const;
/** Room for the stroke. */
const margin = 2;

export interface SparklinePath {
  /** Through the means of buckets; interrupted where there is none. */
  readonly line: string;
  /** A stroke over the whole height for each bucket without a finite point. */
  readonly marks: string;
}

/** The curve, from edge to edge: logarithmic where all means are positive, linear otherwise. */
export function sparklinePath({ mean }: Sparkline): SparklinePath {
  const values = mean.map((value) => (value === null ? null : fromWire(value)));
  const finite = values.filter((value): value is number => value !== null && Number.isFinite(value));
  const scale = Math.min(...finite) > 0 ? Math.log : (value: number) => value;
  const [low, high] = [scale(Math.min(...finite)), scale(Math.max(...finite))];
  const x = (i: number) => round(margin + (i * (sparklineBox.width - 2 * margin)) / Math.max(1, values.length - 1));
  const room = sparklineBox.height - 2 * margin;
  const y = (value: number) => round(margin + (high > low ? ((high - scale(value)) / (high - low)) * room : room / 2));
  let line = '';
  let marks = '';
  for (const [i, value] of values.entries()) {
    if (value === null) continue;
    if (!Number.isFinite(value)) {
      marks += `M${x(i)} ${margin}V${sparklineBox.height - margin}`;
      continue;
    }
    const before = values[i - 1];
    const joined = before !== undefined && before !== null && Number.isFinite(before);
    // A bucket between two without a mean is a dot.
    line += joined ? `L${x(i)} ${y(value)}` : `M${x(i)} ${y(value)}h0`;
  }
  return { line, marks };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
