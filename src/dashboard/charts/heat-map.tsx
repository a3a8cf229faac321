import { useEffect, useMemo, useRef } from 'preact/hooks';
import { formatCount, formatLoss } from '../../figures/numbers.js';
import { heatPicture, type LossField, ramp, rgb } from './heat.js';
import { dark, tokensOf } from './theme.js';

/** The inner losses of some unrolls as a picture, one column per meta-iteration. Its place is kept while there are none. */
export function HeatMap({ title, field }: { title: string; field: LossField | null }) {
  const picture = useMemo(() => (field ? heatPicture(field) : null), [field]);
  const canvas = useRef<HTMLCanvasElement>(null);
  const key = useRef<HTMLCanvasElement>(null);
  const isDark = dark.value;
  useEffect(() => {
    if (!canvas.current || !key.current) return;
    const tokens = tokensOf(canvas.current);
    // A canvas spells every colour out as six digits.
    const context = canvas.current.getContext('2d')!;
    const [paper, accent, ink, alarm] = [tokens.paper, tokens.accent, tokens.ink, tokens.alarm].map((colour) => {
      context.fillStyle = colour;
      return String(context.fillStyle);
    }) as [string, string, string, string];
    const shade = ramp([paper, accent, ink]);
    const paint = (on: HTMLCanvasElement, columns: number, rows: number, share: (i: number) => number) => {
      on.width = Math.max(1, columns);
      on.height = Math.max(1, rows);
      const context = on.getContext('2d')!;
      const image = context.createImageData(on.width, on.height);
      for (let i = 0; i < columns * rows; i++) {
        const at = share(i);
        // The least loss still differs from the page.
        image.data.set([...(Number.isNaN(at) ? rgb(alarm) : shade(0.08 + 0.92 * at)), 255], 4 * i);
      }
      context.putImageData(image, 0, 0);
    };
    paint(key.current, 128, 1, (i) => i / 127);
    if (picture) paint(canvas.current, picture.columns, picture.rows, (i) => picture.shares[i]!);
  }, [picture, isDark]);
  const from = field?.iteration ?? 0;
  const last = from + Math.max(0, (picture?.columns ?? 1) - 1);
  const [least, greatest] = [picture?.least ?? null, picture?.greatest ?? null];
  const text = (value: number | null) => (value === null ? '–' : formatLoss(value));
  return (
    <figure class="heat">
      <div class="field-of">
        <div class="steps" aria-hidden="true">
          <span>step 0</span>
          <span>{picture ? `${formatCount(picture.rows - 1)}` : ''}</span>
        </div>
        <canvas
          class="picture"
          ref={canvas}
          role="img"
          aria-label={
            picture
              ? `${title}: ${formatCount(picture.columns)} meta-iterations from ${formatCount(from)} to ${formatCount(last)}, ${formatCount(picture.rows)} steps each, losses from ${text(least)} to ${text(greatest)}, ${formatCount(picture.notFinite)} not finite.`
              : `${title}: no losses yet.`
          }
        />
        <div class="iterations" aria-hidden="true">
          <span>{picture ? `meta-iteration ${formatCount(from)}` : ''}</span>
          <span>{picture ? formatCount(last) : ''}</span>
        </div>
      </div>
      <figcaption class="key">
        <span>{text(least)}</span>
        <canvas ref={key} role="img" aria-label="Colours from the least to the greatest loss" />
        <span>
          {text(greatest)}
          {picture && ` (${picture.scale.kind} scale)`}
          {picture && picture.notFinite > 0 && <span class="alarm"> {formatCount(picture.notFinite)} not finite</span>}
        </span>
      </figcaption>
    </figure>
  );
}
