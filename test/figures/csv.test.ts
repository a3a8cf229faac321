import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { comparisonChart, everything } from '../../src/figures/comparison.js';
import { curvesCsv, tuningCsv } from '../../src/figures/csv.js';
import { renderSvg } from '../../src/figures/picture.js';
import { sampleResults } from './results-sample.js';

const results = sampleResults([
  [3, 2, 1],
  [3, 2.5, 2],
]);

describe('a comparison as numbers', () => {
  it('has a row per optimizer and step', () => {
    const [head, ...rows] = curvesCsv([{ name: 'one, two', results }])
      .trimEnd()
      .split('\n');
    assert.match(head!, /^comparison,optimizer,step,mean,q/);
    assert.equal(rows.length, 6);
    assert.match(rows[1]!, /^"one, two",.*,1,2,/);
  });

  it('has a row per rate tried, with the other parameters', () => {
    const tried = structuredClone(results);
    tried.optimizers[1]!.tuning = {
      measure: 'sum',
      measures: ['sum'],
      functions: 8,
      examples: 'training',
      atEdge: false,
      grid: [
        {
          learningRate: 0.1,
          parameters: { momentum: 0.9 },
          score: 5,
          scores: { sum: 5, final: 1, tail: 2 },
          diverged: false,
        },
        {
          learningRate: 10,
          parameters: {},
          score: 'NaN',
          scores: { sum: 'NaN', final: 'NaN', tail: 'NaN' },
          diverged: true,
        },
      ],
    };
    const { label } = tried.optimizers[1]!;
    assert.deepEqual(
      tuningCsv([{ name: 'a', results: tried }])
        .trimEnd()
        .split('\n'),
      [
        'comparison,optimizer,learning_rate,momentum,sum,tail,final,diverged',
        `a,${label},0.1,0.9,5,2,1,0`,
        `a,${label},10,,NaN,NaN,NaN,1`,
      ],
    );
  });
});

describe('a view of a comparison', () => {
  const linesOf = (view = everything) => comparisonChart(results, 10, view).lines;

  it('leaves out what is hidden, and keeps the others’ colours', () => {
    const [sgd] = linesOf();
    assert.deepEqual(
      linesOf({ ...everything, hidden: [0] }).map(({ className }) => className),
      [sgd!.className],
    );
    assert.ok(!renderSvg(results, { ...everything, hidden: [0] }).includes(results.optimizers[0]!.label));
  });

  it('has the bands that were asked for', () => {
    const bands = (kind: 'all' | 'best' | 'none') =>
      linesOf({ ...everything, bands: kind }).map(({ band }) => band.length);
    assert.deepEqual(
      [bands('all'), bands('none')],
      [
        [3, 3],
        [0, 0],
      ],
    );
    assert.equal(bands('best').at(-1), 3, 'the learned optimizer’s');
  });

  it('has a linear axis where it was asked for one, without a note', () => {
    const { y } = comparisonChart(results, 10, { ...everything, axis: 'linear' });
    assert.equal(y.title, 'f(θₜ)');
    const [low, middle, high] = [1, 2, 3].map((value) => y.position(value)!);
    assert.ok(Math.abs(high! - middle! - (middle! - low!)) < 1e-9);
  });
});
