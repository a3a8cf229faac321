import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { renderCurve } from '../../src/cli/render/curve.js';
import { renderComparison } from '../../src/cli/render/table.js';
import type { ComparisonResults } from '../../src/contract/results.js';
import type { MetatrainSpec } from '../../src/contract/spec.js';
import { parseJobSpec } from '../../src/contract/validate.js';
import { comparisonFigure } from '../../src/figures/comparison.js';
import { comparisonPicture, pictureStyle, renderSvg } from '../../src/figures/picture.js';
import { comparisonTables } from '../../src/figures/tables.js';
import { trainingFigure } from '../../src/figures/training.js';
import { tuningFigure } from '../../src/figures/tuning.js';
import { sampleResults } from './results-sample.js';

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;

/** Curves that do not fit a logarithmic axis, and the note at the axis instead. */
const odd: [what: string, curves: number[][], word: string][] = [
  [
    'all below 0',
    [
      [-97, -99, -100],
      [-97, -98, -98.5],
    ],
    'linear axis: some are below 0',
  ],
  [
    'through 0',
    [
      [3, 1, -1, -20],
      [3, 2, 1, 0.5],
    ],
    'linear axis: some are below 0',
  ],
  [
    'all 0',
    [
      [0, 0, 0],
      [0, 0, 0],
    ],
    'linear axis: all are 0',
  ],
  [
    'all alike, below 0',
    [
      [-1, -1],
      [-1, -1],
    ],
    'linear axis: some are below 0',
  ],
  [
    'some that come to 0',
    [
      [3.6, 0.1, 0, 0],
      [3.6, 1, 1e-3, 1e-4],
    ],
    'symlog axis (linear next to 0): some are 0',
  ],
  [
    'nothing finite',
    [
      [nan, nan],
      [infinity, infinity],
    ],
    'nothing finite to draw',
  ],
];

const pathsOf = (svg: string, kind: 'line' | 'band') =>
  [...svg.matchAll(new RegExp(`<path class="${kind}"[^>]* d="([^"]*)"`, 'g'))].map(([, d]) => d!);
const pointsOf = (d: string) => [...d.matchAll(/(-?[\d.]+) (-?[\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]);

describe('losses that do not fit a logarithmic axis', () => {
  for (const [what, curves, word] of odd) {
    const results = sampleResults(curves);
    const allFinite = curves.flat().every(Number.isFinite);

    it(`are drawn completely in a picture, ${what}, with a note`, () => {
      for (const svg of [renderSvg(results), comparisonFigure(results)]) {
        assert.ok(svg.includes(word), svg);
        if (!allFinite) continue;
        // The line of a curve has all its points, none of them outside. Legends have relative paths (h).
        const lines = pathsOf(svg, 'line').filter((d) => !d.includes('h'));
        for (const d of lines) assert.equal(pointsOf(d).length, curves[0]!.length);
        assert.equal(lines.length % curves.length, 0);
        for (const [, y] of lines.flatMap(pointsOf)) assert.ok(y! >= 0 && y! <= 320, `${y}`);
        // A band has both of its edges.
        for (const d of pathsOf(svg, 'band')) assert.equal(pointsOf(d).length, 2 * curves[0]!.length);
      }
    });

    it(`are drawn in the terminal, ${what}, with a note`, () => {
      const text = renderCurve(results, undefined, { width: 80, rows: 10 });
      const [title, ...rows] = text.split('\n');
      assert.equal(title, `mean f(θ_t), ${word}`);
      assert.ok(text.split('\n').every((line) => line.length <= 80));
      const columns = new Set(
        rows.flatMap((row) => [...row].flatMap((dot, at) => (/[\u2801-\u28ff]/.test(dot) ? at : []))),
      );
      if (allFinite) assert.ok(columns.size > 50, text);
    });
  }

  it('have round ticks in the order of their values', () => {
    const rows = renderCurve(sampleResults([[-97, -99, -100]]), undefined, { rows: 12 }).split('\n');
    const ticks = rows.flatMap((row) => /^ *(-?[\d.]+) ┤/.exec(row)?.[1] ?? []).map(Number);
    assert.deepEqual(
      ticks,
      [-97, -97.5, -98, -98.5, -99, -99.5, -100].filter((tick) => ticks.includes(tick)),
    );
    assert.ok(ticks.length >= 3);
  });

  it('have a dash as their logarithm', () => {
    const results = sampleResults([[-97, -100]]);
    const [, , , final] = renderComparison(results).split('\n\n');
    assert.match(final!, /^LSTM .*-100\.0 +-90\.00 … -110\.0 +-100\.0 +–$/m);
    assert.match(comparisonTables(results, ['final']), /<td>–<\/td>/);
  });
});

describe('a band', () => {
  it('is left out where a quartile is undefined, and drawn before and after', () => {
    const results = sampleResults([[5, 4, 3, 2, 1]]);
    results.optimizers[0]!.curve.quantiles[0]!.values[2] = 'NaN';
    const [d] = pathsOf(renderSvg(results), 'band');
    assert.deepEqual(
      d!.match(/M[^M]*Z/g)!.map((polygon) => pointsOf(polygon).length),
      [4, 4],
    );
  });
});

describe('the other figures of a report', () => {
  it('draw scores and losses below 0', () => {
    const results: ComparisonResults = sampleResults([
      [-97, -99, -100],
      [-97, -98, -99],
    ]);
    const scores = [-292, -295, -297, -100];
    const rule = results.optimizers[1]!.rule as { learningRate: number };
    results.optimizers[1]!.tuning = {
      measure: 'sum',
      measures: ['sum'],
      functions: 8,
      examples: 'training',
      atEdge: false,
      grid: scores.map((score, i) => {
        const learningRate = rule.learningRate * 2 ** (i - 2);
        return {
          learningRate,
          parameters: {},
          score,
          scores: { sum: score, final: score, tail: score },
          diverged: false,
        };
      }),
    };
    const figure = tuningFigure(results, 'sum');
    assert.match(figure, /linear axis: some are below 0/);
    assert.match(figure, /<circle class="mark"/);
    for (const d of pathsOf(figure, 'line').filter((path) => !path.includes('h'))) assert.equal(pointsOf(d).length, 4);

    const { training } = parseJobSpec({
      kind: 'metatrain',
      problem: { name: 'simple' },
      optimizer: { name: 'lstm' },
    }) as MetatrainSpec;
    const losses = [500, -90, -99, -100];
    const curve = {
      validation: losses.map((loss, i) => ({ iteration: i, loss, best: i === 3 })),
      training: losses.map((median, i) => ({ iteration: i, low: median - 1, median, high: median + 1 })),
    };
    const trained = trainingFigure(curve, training);
    assert.match(trained, /linear axis: some are below 0/);
    for (const d of pathsOf(trained, 'line').filter((path) => !path.includes('h'))) assert.equal(pointsOf(d).length, 4);
    for (const d of pathsOf(trained, 'band').filter((path) => path !== '')) assert.equal(pointsOf(d).length, 8);
  });
});

describe('several figures on one page', () => {
  const results = sampleResults([
    [3, 1, 0.1],
    [3, 2, 1],
  ]);
  const pictures = ['left', 'right'].map((prefix) => comparisonPicture(results, prefix));
  const page = [...pictures, comparisonFigure(results), comparisonTables(results, ['sum'])].join('\n');

  it('have ids of their own, and what refers to them leads there', () => {
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id!);
    assert.equal(new Set(ids).size, ids.length);
    const referred = [...page.matchAll(/aria-labelledby="([^"]+)"/g)].flatMap(([, names]) => names!.split(' '));
    assert.deepEqual(referred.toSorted(), ids.toSorted());
    assert.equal(referred.length, 4);
  });

  it('need no inline style and no script, which a strict Content-Security-Policy forbids', () => {
    assert.doesNotMatch(page, /<style|<script| style=| on[a-z]+=|javascript:/);
    for (const [, name] of page.matchAll(/class="(paper|title|label)"/g)) assert.ok(pictureStyle.includes(`.${name}`));
  });
});
