import { type Measure, measureContracts, measures } from '../../../contract/measures.js';
import type { ComparisonResults, OptimizerResult } from '../../../contract/results.js';
import { fromWire } from '../../../contract/schema.js';
import { axisOf } from '../../../figures/axis.js';
import { measureTable } from '../../../figures/measure-table.js';
import { measureNotes } from '../../../figures/notes.js';
import { figuresOf, isLearned } from '../../../figures/rows.js';
import { toSeries } from '../../../figures/series.js';
import { Swatch } from '../../charts/swatch.js';
import { pageColour } from '../../charts/theme.js';
import { Scroll } from '../../parts/scroll.js';
import { Toggle } from '../../parts/toggle.js';
import { TableDownloads } from './downloads.js';
import { NumberCell } from './number-cell.js';
import type { PageView } from './view.js';

interface Props {
  id: string;
  results: ComparisonResults;
  view: PageView;
  onView: (view: PageView) => void;
}

const options = measures.map((measure) => [measure, measureContracts[measure].title] as const);

/** One measure of every optimizer, with its interval, and against the learned one. */
export function Measures({ id, results, view, onView }: Props) {
  const { measure } = view;
  const { columns, rows } = measureTable(results, measure);
  const series = toSeries(results);
  const strokeOf = (optimizer: OptimizerResult) => {
    const { family, variant } = series[results.optimizers.indexOf(optimizer)]!;
    return { colour: family, dash: variant };
  };
  const position = positionsOf(
    rows.map(({ optimizer }) => optimizer),
    measure,
  );
  return (
    <section class="section" aria-labelledby="measures-title">
      <div class="row">
        <h2 id="measures-title">Measures</h2>
        <Toggle
          label="Measure"
          options={options}
          value={measure}
          onChange={(one) => onView({ ...view, measure: one })}
        />
        <TableDownloads id={id} results={results} />
      </div>
      <Scroll label={`The comparison by ${measure}`}>
        <table class="table measures">
          <thead>
            <tr>
              <th scope="col">{columns[0]}</th>
              <th scope="col" class="number">
                {columns[1]}
              </th>
              <th scope="col">
                <span class="unseen">Mean and interval as a picture</span>
              </th>
              {columns.slice(2).map((title) => (
                <th key={title} scope="col" class="number">
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ optimizer, cells: [mean, ...cells] }) => (
              <tr key={optimizer.label}>
                <th scope="row">
                  <Swatch stroke={strokeOf(optimizer)} />{' '}
                  <span class={isLearned(optimizer) ? 'learned' : undefined}>{optimizer.label}</span>
                </th>
                <NumberCell {...mean!} />
                <td>
                  <IntervalPicture colour={strokeOf(optimizer).colour} {...position(optimizer)} />
                </td>
                {cells.map((cell, i) => (
                  <NumberCell key={columns[i + 2]} {...cell} />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <ul class="notes">
        {measureNotes(results, measure).map((note) => (
          <li key={note}>{note}</li>
        ))}
      </ul>
    </section>
  );
}

interface Positions {
  /** 0 at the left, 1 at the right; null where there is none. */
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

/** Where means and their intervals are on an axis of all of them. */
function positionsOf(optimizers: readonly OptimizerResult[], measure: Measure) {
  const meanOf = (optimizer: OptimizerResult) => {
    const { value, low, high } = figuresOf(optimizer, measure).mean;
    return { value: fromWire(value), low: fromWire(low), high: fromWire(high) };
  };
  const all = optimizers.map(meanOf);
  const learned = optimizers.findIndex(isLearned);
  // What is far worse than the learned optimizer leaves the picture, rather than flatten the rest.
  const axis = axisOf(
    all.flatMap(({ value, low, high }) => [value, low, high]),
    all[learned]?.value,
  );
  return (optimizer: OptimizerResult): Positions => {
    const { value, low, high } = meanOf(optimizer);
    return { value: axis.position(value), low: axis.position(low), high: axis.position(high) };
  };
}

function IntervalPicture({ colour, value, low, high }: Positions & { colour: number }) {
  const width = 140;
  const x = (position: number) => 4 + (width - 8) * Math.min(1, Math.max(0, position));
  const isOutside = value !== null && value > 1;
  return (
    <svg class="interval" viewBox={`0 0 ${width} 16`} width={width} height={16} aria-hidden="true">
      <path class="grid" d={`M4 8h${width - 8}`} />
      {low !== null && high !== null && !isOutside && (
        <path stroke={pageColour(colour)} stroke-width="2" d={`M${x(low)} 8H${x(high)}M${x(low)} 4v8M${x(high)} 4v8`} />
      )}
      {value !== null && !isOutside && <circle cx={x(value)} cy={8} r={3} fill={pageColour(colour)} />}
      {isOutside && <path fill={pageColour(colour)} d={`M${width - 10} 3l8 5l-8 5z`} />}
    </svg>
  );
}
