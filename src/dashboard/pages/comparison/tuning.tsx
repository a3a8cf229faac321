import type { Measure } from '../../../contract/measures.js';
import { type ComparisonResults, keepsUsualRate, type OptimizerResult } from '../../../contract/results.js';
import { formatCount } from '../../../figures/numbers.js';
import { rateOf } from '../../../figures/rows.js';
import { toSeries } from '../../../figures/series.js';
import { tunedFor, tuningCaption, tuningChart } from '../../../figures/tuning.js';
import { Swatch } from '../../charts/swatch.js';
import { Scroll } from '../../parts/scroll.js';
import { TuningDownloads } from './downloads.js';
import { Plot } from './plot.js';

/** How the learning rates were tuned for a measure: the rates tried, and those used. */
export function Tuning({ id, results, measure }: { id: string; results: ComparisonResults; measure: Measure }) {
  const tuned = tunedFor(results, measure);
  const series = toSeries(results);
  const rules = results.optimizers
    .map((optimizer, i) => ({ ...optimizer, series: series[i]! }))
    .filter(({ rule, use }) => rule || use);
  if (rules.length === 0) return null;
  const colourOf = (label: string) => rules.find((rule) => rule.label === label)?.series.family ?? 0;
  return (
    <section class="section" aria-labelledby="tuning-title">
      <div class="row">
        <h2 id="tuning-title">Learning rates</h2>
        {tuned.length > 0 && <TuningDownloads id={id} results={results} measure={measure} />}
      </div>
      <div class="figure-columns">
        {tuned.length > 0 ? (
          <figure>
            <Plot
              chartOf={(most) => tuningChart(tuned, measure, most)}
              colourOf={({ className }) => {
                const line = Number(/ s(\d+)$/.exec(className)?.[1] ?? 0);
                return colourOf(tuned[line]!.series.label);
              }}
            />
            <figcaption class="caption">{tuningCaption(results)}</figcaption>
          </figure>
        ) : (
          <p class="faint">No rate was tuned for this measure.</p>
        )}
        <Scroll label="Learning rates used">
          <table class="table">
            <thead>
              <tr>
                <th scope="col">Optimizer</th>
                <th scope="col" class="number">
                  Rate
                </th>
                <th scope="col">Tuned</th>
              </tr>
            </thead>
            <tbody>
              {rules.map((optimizer) => (
                <tr key={optimizer.label}>
                  <th scope="row">
                    <Swatch stroke={{ colour: optimizer.series.family, dash: optimizer.series.variant }} />{' '}
                    {optimizer.label}
                  </th>
                  <td class="number">{rateText(optimizer)}</td>
                  <td>{howTuned(optimizer)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      </div>
    </section>
  );
}

function rateText(optimizer: OptimizerResult): string {
  const rate = rateOf(optimizer);
  return rate === null ? '–' : String(Number(rate.toPrecision(4)));
}

function howTuned(optimizer: OptimizerResult): string {
  const { tuning } = optimizer;
  if (!tuning) return rateOf(optimizer) === null ? 'it has none' : 'no, as given';
  const { measures, functions, examples, grid } = tuning;
  if (keepsUsualRate(tuning)) return 'no rate proved best: the usual one';
  const diverged = grid.filter((point) => point.diverged).length;
  return [
    `for the ${measures.join(' and the ')}`,
    `${formatCount(grid.length)} tried on ${formatCount(functions)} functions`,
    ...(examples === 'held-out' ? ['with the comparison’s own examples'] : []),
    ...(diverged > 0 ? [`${formatCount(diverged)} diverged`] : []),
    ...(tuning.atEdge ? ['at the edge of its grid'] : []),
  ].join(', ');
}
