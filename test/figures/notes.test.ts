import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { renderComparison } from '../../src/cli/render/table.js';
import type { ComparisonResults, TuningResult } from '../../src/contract/results.js';
import { comparisonTables } from '../../src/figures/tables.js';
import { sampleResults } from './results-sample.js';

const falling = [3.6, 0.3, 0.03];
const tuning: TuningResult = {
  measure: 'sum',
  measures: ['sum', 'tail', 'final'],
  functions: 64,
  examples: 'training',
  atEdge: false,
  grid: [],
};

/** The terminal and a report say the same. */
function bothSay(results: ComparisonResults, said: RegExp): void {
  assert.match(renderComparison(results), said);
  const html = comparisonTables(results, ['sum', 'tail', 'final']);
  assert.match(html.replaceAll(/<[^>]*>/g, '\n'), said);
}

describe('a table of a comparison says', () => {
  it('which rates are not tuned, and why, for its own measure', () => {
    const results = sampleResults([falling, falling], ['LSTM', 'SGD 0.1 (not tuned)']);
    const notTuned = [{ measure: 'sum' as const, parameter: 'learningRate', reason: 'no rate moves' }];
    results.optimizers[1]!.tuning = { ...tuning, notTuned };
    bothSay(results, /^SGD 0\.1 \(not tuned\): no rate moves\.$/m);
    const tables = renderComparison(results).split('\n\n').slice(1);
    assert.deepEqual(
      tables.map((table) => table.includes('no rate moves')),
      [true, false, false, false],
    );
    results.optimizers[1]!.tuning = {
      ...tuning,
      notTuned: [{ ...notTuned[0]!, parameter: 'momentum', reason: '0.5 and 0.9 tie' }],
    };
    bothSay(results, /^SGD 0\.1 \(not tuned\): momentum not tuned, 0\.5 and 0\.9 tie\.$/m);
  });

  it('that no rule is any good, if none is below standing still', () => {
    bothSay(
      sampleResults([falling, [3.6, 3.6, 3.6], [3.6, 5, 9], [3.6, Number.NaN, Number.NaN]]),
      /^Best baseline: none\. No rule does better than standing still\.$/m,
    );
    // One step: the sum is the loss at the start for all of them; the final loss can tell.
    const [, sum, , final] = renderComparison(
      sampleResults([
        [3.6, 1],
        [3.6, 2],
      ]),
    ).split('\n\n');
    assert.match(sum!, /Best baseline: none\./);
    assert.match(final!, /Best baseline: SGD 0\.1;/);
  });

  it('nothing of an interval that is clear of 0 where the difference is not finite', () => {
    const results = sampleResults([falling, falling]);
    results.optimizers[1]!.versus!.sumDifference = { value: 'NaN', low: -3, high: -1 };
    const [, sum] = renderComparison(results).split('\n\n');
    assert.match(sum!, /the difference is not finite\.$/);
    assert.ok(!sum!.includes('clear of 0'));
    assert.match(comparisonTables(results, ['sum']), /<span class="open">NaN<\/span>/);
  });

  it('where a mean comes from that a few functions make', () => {
    const results = sampleResults([falling, [3.6, 0.5, 1e14]]);
    const sgd = results.optimizers[1]!;
    Object.assign(sgd, { finalMedian: 0.01, tailMedian: 0.01, diverged: 0.002 });
    bothSay(
      results,
      /^SGD 0\.1: its mean comes from the 0\.2 % of functions on which it diverged; compare the medians\.$/m,
    );
    Object.assign(sgd, { finalMedian: 1e13, tailMedian: 1e13, diverged: 0.9 });
    assert.ok(!renderComparison(results).includes('comes from'));
  });

  it('what the learned optimizer was trained on, if that is something else, or fewer steps', () => {
    const results = sampleResults([falling, falling]);
    const said = () => renderComparison(results).split('\n')[1];
    assert.equal(said(), '');
    results.trainedOn = { problem: results.problem, steps: results.steps };
    assert.equal(said(), '');
    results.trainedOn = { problem: { name: 'simple' }, steps: 2 };
    assert.equal(
      said(),
      'The learned optimizer was trained on simple, 2 steps; this is parabola, 2 steps, where it may do far worse.',
    );
    results.trainedOn = { problem: results.problem, steps: 1 };
    assert.equal(
      said(),
      'The learned optimizer was trained on parabola, 1 steps; this is 2 steps, where it may do far worse.',
    );
    results.trainedOn = { problem: { name: 'parabola', dimension: 3 }, steps: 2 };
    assert.match(said()!, /this is the same with other settings, 2 steps,/);
  });
});
