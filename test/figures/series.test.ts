import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { renderCurve } from '../../src/cli/render/curve.js';
import { comparisonChart } from '../../src/figures/comparison.js';
import { curvesCsv } from '../../src/figures/csv.js';
import { standingStill } from '../../src/figures/rows.js';
import { placeAt, toSeries } from '../../src/figures/series.js';
import { sampleResults } from './results-sample.js';

/** Curves with a value at every tenth step. */
function thinned() {
  const results = sampleResults([
    [8, 4, 2, 1],
    [8, 6, 5, 4],
  ]);
  for (const { curve } of results.optimizers) curve.steps = [0, 10, 20, 30];
  return { ...results, steps: 30 };
}

describe('curves with some of the steps', () => {
  it('are drawn and listed at those steps', () => {
    const results = thinned();
    const xs = comparisonChart(results).lines.map(({ points, band }) => [
      points.map(({ x }) => x),
      band.map(({ x }) => x),
    ]);
    for (const [points, band] of xs)
      assert.deepEqual(
        [points, band],
        [
          [0, 10, 20, 30],
          [0, 10, 20, 30],
        ],
      );
    const rows = curvesCsv([{ name: 'one', results }])
      .trimEnd()
      .split('\n')
      .slice(1);
    assert.deepEqual(
      rows.slice(0, 4).map((row) => row.split(',').slice(2, 4)),
      [
        ['0', '8'],
        ['10', '4'],
        ['20', '2'],
        ['30', '1'],
      ],
    );
    assert.equal(standingStill(results.optimizers[0]!, 'sum'), 30 * 8);
  });

  it('look the same in a terminal as with every step on their lines', () => {
    const few = thinned();
    // On a logarithmic axis a straight line between two values is geometric.
    const whole = sampleResults(
      [
        [8, 4, 2, 1],
        [8, 6, 5, 4],
      ].map((values) =>
        Array.from({ length: 31 }, (_, t) => {
          const [i, share] = [Math.min(2, Math.floor(t / 10)), t / 10 - Math.min(2, Math.floor(t / 10))];
          return values[i]! ** (1 - share) * values[i + 1]! ** share;
        }),
      ),
    );
    assert.equal(renderCurve(few), renderCurve(whole));
  });

  it('have the value at or before a step', () => {
    const [series] = toSeries(thinned());
    assert.deepEqual(
      [0, 1, 9, 10, 11, 29, 30].map((t) => placeAt(series!, t)),
      [0, 0, 0, 1, 1, 2, 3],
    );
  });
});
