import type { Sparkline as Curve } from '../../contract/job-summary.js';
import { formatLoss } from '../../figures/numbers.js';
import { sparklineBox, sparklinePath } from './sparkline-path.js';

const viewBox = `0 0 ${sparklineBox.width} ${sparklineBox.height}`;

/** The losses of a whole job as a small curve. Its place is kept where there are none. */
export function Sparkline({ curve }: { curve: Curve | null }) {
  const means = curve?.mean.filter((value) => value !== null) ?? [];
  if (!curve || means.length === 0) return <svg class="sparkline" viewBox={viewBox} aria-hidden="true" />;
  const { line, marks } = sparklinePath(curve);
  const label = `Loss from ${formatLoss(means[0]!)} to ${formatLoss(means.at(-1)!)}`;
  return (
    <svg class="sparkline" viewBox={viewBox} role="img" aria-label={label}>
      <path d={line} />
      <path d={marks} class="gap" />
    </svg>
  );
}
