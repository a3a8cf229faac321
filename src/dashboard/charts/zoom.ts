/** A stretch of x, [from, to]. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** The least stretch that one can zoom to, in meta-iterations. */
const least = 4;

/** Whole numbers within `whole`, at least {@link least} apart where there is room. */
export function stretch(from: number, to: number, whole: Stretch): Stretch {
  const span = Math.min(whole.to - whole.from, Math.max(least, Math.round(to - from)));
  const start = Math.round(Math.min(Math.max(from, whole.from), whole.to - span));
  return { from: start, to: start + span };
}

/** `factor` times as much around the middle. */
export function zoomed({ from, to }: Stretch, factor: number, whole: Stretch): Stretch {
  const [middle, half] = [(from + to) / 2, (factor * (to - from)) / 2];
  return stretch(middle - half, middle + half, whole);
}

/** Moved by a share of its length. */
export function moved({ from, to }: Stretch, share: number, whole: Stretch): Stretch {
  const by = share * (to - from);
  return stretch(from + by, to + by, whole);
}

/** What a key does to the stretch in view; null for the whole, undefined for a key without a meaning. */
export function afterKey(key: string, view: Stretch, whole: Stretch): Stretch | null | undefined {
  switch (key) {
    case '+':
    case '=':
      return zoomed(view, 0.5, whole);
    case '-':
      return orWhole(zoomed(view, 2, whole), whole);
    case 'ArrowLeft':
      return orWhole(moved(view, -0.25, whole), whole);
    case 'ArrowRight':
      return orWhole(moved(view, 0.25, whole), whole);
    case '0':
      return null;
    default:
      return undefined;
  }
}

function orWhole(view: Stretch, whole: Stretch): Stretch | null {
  return view.from <= whole.from && view.to >= whole.to ? null : view;
}
