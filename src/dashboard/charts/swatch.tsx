import type { Stroke } from './curve.js';
import { dashPattern } from './palette.js';
import { pageColour } from './theme.js';

/** A piece of a line, for legends and tables. */
export function Swatch({ stroke }: { stroke: Stroke }) {
  return (
    <svg class="swatch" viewBox="0 0 24 8" width="24" height="8" aria-hidden="true">
      <path
        d="M1 4h22"
        fill="none"
        stroke={pageColour(stroke.colour)}
        stroke-width="2"
        stroke-dasharray={dashPattern(stroke.dash).join(' ') || undefined}
      />
    </svg>
  );
}
