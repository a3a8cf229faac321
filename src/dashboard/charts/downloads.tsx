import { Menu } from '../parts/menu.js';
import type { Curve } from './curve.js';
import { toCsv, toSvg } from './exports.js';
import type { Plot } from './plot.js';

interface Props {
  title: string;
  fileName: string;
  plot: Plot;
  /** All buckets, not only those in view. */
  curves: readonly Curve[];
  png: () => Promise<Blob | null> | null;
  /** Address of every point that the buckets sum up, as CSV. */
  everyPoint?: string | undefined;
}

/** A chart as a file. */
export function Downloads({ title, fileName, plot, curves, png, everyPoint }: Props) {
  const asPng = async () => {
    const blob = await png();
    if (blob) save(blob, `${fileName}.png`);
  };
  const asText = (text: string, type: string, extension: string) =>
    save(new Blob([text], { type }), `${fileName}.${extension}`);
  return (
    <Menu title="Download">
      <button type="button" onClick={() => asText(toSvg(plot, title, 'meta-iteration'), 'image/svg+xml', 'svg')}>
        Picture <span class="faint">SVG</span>
      </button>
      <button type="button" onClick={asPng}>
        Picture <span class="faint">PNG</span>
      </button>
      <button type="button" onClick={() => asText(toCsv(curves), 'text/csv', 'csv')}>
        Numbers drawn <span class="faint">CSV</span>
      </button>
      {everyPoint !== undefined && (
        <a href={everyPoint} download={`${fileName}-points.csv`}>
          Every point <span class="faint">CSV</span>
        </a>
      )}
    </Menu>
  );
}

/** Has the browser save the bytes as a file. */
export function save(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The download has begun by then, and holds the blob.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
