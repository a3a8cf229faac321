interface Props {
  label: string;
  /** In the order of x; values that are not finite interrupt the line and are marked. */
  points: readonly { readonly x: number; readonly y: number }[];
  format: (value: number) => string;
  /** The ends of the vertical axis; those of the values by default. */
  ends?: readonly [low: number, high: number];
  description: string;
}

const box = { width: 160, height: 36, margin: 2 };

/** A signal as a small curve, with its latest value and its range. */
export function SmallCurve({ label, points, format, ends, description }: Props) {
  const known = points.filter(({ y }) => Number.isFinite(y));
  const last = points.at(-1);
  const values = known.map(({ y }) => y);
  const [low, high] = ends ?? [
    values.reduce((a, b) => Math.min(a, b), Infinity),
    values.reduce((a, b) => Math.max(a, b), -Infinity),
  ];
  const range =
    known.length === 0 ? '–' : ends ? `${format(low)} to ${format(high)}` : `${format(low)} … ${format(high)}`;
  return (
    <div class="small-curve">
      <div class="heading">
        <span title={description}>{label}</span>
        <b>{last ? format(last.y) : '–'}</b>
      </div>
      <svg
        viewBox={`0 0 ${box.width} ${box.height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${label}: ${last ? `now ${format(last.y)}, range ${range}` : 'not known yet'}`}
      >
        <path class="base" d={`M0 ${box.height - 0.5}H${box.width}`} />
        <path class="line" d={pathOf(points, low, high)} />
        <path class="gap" d={gapsOf(points)} />
      </svg>
      <span class="faint">{range}</span>
    </div>
  );
}

type Points = Props['points'];

function placer(points: Points): (x: number) => number {
  const [first, last] = [points[0]?.x ?? 0, points.at(-1)?.x ?? 1];
  const inner = box.width - 2 * box.margin;
  return (x) => Math.round(10 * (box.margin + (last > first ? ((x - first) / (last - first)) * inner : inner))) / 10;
}

function pathOf(points: Points, low: number, high: number): string {
  const place = placer(points);
  const inner = box.height - 2 * box.margin;
  let path = '';
  let pen = 'M';
  for (const { x, y } of points) {
    if (!Number.isFinite(y)) {
      pen = 'M';
      continue;
    }
    const up = high > low ? (high - y) / (high - low) : 0.5;
    path += `${pen}${place(x)} ${Math.round(10 * (box.margin + up * inner)) / 10}`;
    // A point between two gaps is a dot.
    if (pen === 'M') path += 'h0';
    pen = 'L';
  }
  return path;
}

function gapsOf(points: Points): string {
  const place = placer(points);
  return points
    .flatMap(({ x, y }) => (Number.isFinite(y) ? [] : [`M${place(x)} ${box.margin}v${box.height - 2 * box.margin}`]))
    .join('');
}
