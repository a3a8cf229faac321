/** What is shown of a phase. */
export interface PhaseView {
  readonly title: string;
  readonly done: number;
  readonly total: number;
  /** How far it is, and what it has reached so far, in parts that stay whole. */
  readonly counts: readonly string[];
  readonly figures: readonly string[];
  /** A curve of at most so many characters; null without one. */
  curve(width: number): string | null;
}

/** Characters of the titles before the bar and the curve. */
const titles = 10;
const longestBar = 24;
const longestCurve = 72;

/** Lines of at most `width` characters: a bar with the counts, the figures, the curve. */
export function layOut({ title, done, total, counts, figures, curve }: PhaseView, width: number): string[] {
  const share = total > 0 ? Math.min(1, done / total) : 0;
  const percent = `${Math.floor(100 * share)} %`.padStart(5);
  const cells = Math.min(longestBar, Math.max(4, width - titles - percent.length - 2));
  const full = Math.round(share * cells);
  const bar = `${title.padEnd(titles)} ${'█'.repeat(full)}${'░'.repeat(cells - full)} ${percent}`;
  const drawn = curve(Math.min(longestCurve, width - titles - 1));
  return [
    ...wrap([bar, ...counts], width),
    ...wrap(figures, width),
    ...(drawn === null ? [] : [`${'Losses'.padEnd(titles)} ${drawn}`]),
  ].map((line) => line.slice(0, width));
}

/** Joins the parts into lines, breaking only between parts. */
function wrap(parts: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const part of parts) {
    const joined = `${lines.at(-1)} · ${part}`;
    if (lines.length > 0 && joined.length <= width) lines[lines.length - 1] = joined;
    else lines.push(part);
  }
  return lines;
}
