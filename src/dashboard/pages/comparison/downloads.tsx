import type { Measure } from '../../../contract/measures.js';
import type { ComparisonResults } from '../../../contract/results.js';
import { curvesCsv, tableCsv, tuningCsv } from '../../../figures/csv.js';
import { renderSvg } from '../../../figures/picture.js';
import { renderTuningSvg } from '../../../figures/tuning.js';
import { Menu } from '../../parts/menu.js';
import { savePng, saveText } from './files.js';
import type { PageView } from './view.js';

interface Props {
  id: string;
  results: ComparisonResults;
}

/** The curves as they are shown, and their numbers, which are all there. */
export function FigureDownloads({ id, results, view }: Props & { view: PageView }) {
  const curves = results.optimizers.map(({ label, rule, curve }) => ({ label, rule, curve }));
  return (
    <Files
      name={`${id}-curves`}
      picture={() => renderSvg(results, view)}
      csv={() => curvesCsv([{ name: id, results }])}
      json={() => curves}
    />
  );
}

/** The tables of all measures. */
export function TableDownloads({ id, results }: Props) {
  return (
    <Files
      name={`${id}-measures`}
      picture={null}
      csv={() => tableCsv([{ name: id, results }])}
      json={() => results.optimizers.map(({ curve: _curve, tuning: _tuning, ...optimizer }) => optimizer)}
    />
  );
}

/** The rates tried. */
export function TuningDownloads({ id, results, measure }: Props & { measure: Measure }) {
  return (
    <Files
      name={`${id}-tuning`}
      picture={() => renderTuningSvg(results, measure)}
      csv={() => tuningCsv([{ name: id, results }])}
      json={() => results.optimizers.flatMap(({ label, rule, tuning }) => (tuning ? [{ label, rule, tuning }] : []))}
    />
  );
}

interface FilesProps {
  /** Without an extension. */
  name: string;
  /** SVG. */
  picture: (() => string) | null;
  csv: () => string;
  json: () => unknown;
}

function Files({ name, picture, csv, json }: FilesProps) {
  return (
    <Menu title="Download">
      {picture && (
        <button type="button" onClick={() => saveText(picture(), `${name}.svg`, 'image/svg+xml')}>
          Picture <span class="faint">SVG</span>
        </button>
      )}
      {picture && (
        <button type="button" onClick={() => void savePng(picture(), `${name}.png`)}>
          Picture <span class="faint">PNG</span>
        </button>
      )}
      <button type="button" onClick={() => saveText(csv(), `${name}.csv`, 'text/csv')}>
        Numbers <span class="faint">CSV</span>
      </button>
      <button
        type="button"
        onClick={() => saveText(`${JSON.stringify(json(), null, 2)}\n`, `${name}.json`, 'application/json')}
      >
        Numbers <span class="faint">JSON</span>
      </button>
    </Menu>
  );
}
