import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseJobSpec } from '../../src/contract/validate.js';
import { comparisonsOf, type Finding } from '../../src/experiments/report/findings.js';
import { summaryTable } from '../../src/experiments/report/summary.js';
import { tableCsv } from '../../src/figures/csv.js';
import { sampleResults } from '../figures/results-sample.js';

/** A comparison whose only rule rises, and has kept its usual rate. */
function findingOfNoUse(): Finding {
  const results = sampleResults([
    [3, 2, 1],
    [3, 4, 5],
  ]);
  results.optimizers[1]!.tuning = {
    measure: 'sum',
    measures: ['sum'],
    functions: 8,
    examples: 'training',
    atEdge: false,
    grid: [],
    notTuned: [{ measure: 'sum', parameter: 'learningRate', reason: 'no rate lowers the sum' }],
  };
  const spec = parseJobSpec({
    kind: 'compare',
    optimizer: { job: 'any' },
    problem: { name: 'parabola' },
    comparison: {},
  });
  const run = { state: 'succeeded', seconds: 1 } as Finding['run'];
  return { job: { name: 'one', title: 'One', of: 'training', spec }, run, results, training: null };
}

describe('the tables of a report', () => {
  it('keep a comparison in the summary if no rule is any good, and say so', () => {
    const text = summaryTable([findingOfNoUse()]).replaceAll(/<[^>]*>/g, '|');
    assert.match(text, /One/);
    assert.match(text, /none\|+no rule does better than standing still/);
  });

  it('do not call a usual rate tuned', () => {
    const [head, learned, sgd] = tableCsv(comparisonsOf([findingOfNoUse()])).split('\n');
    const column = head!.split(',').indexOf('tuned_for');
    assert.equal(learned!.split(',')[column], '');
    assert.equal(sgd!.split(',')[column], '');
    assert.equal(sgd!.split(',')[column - 1], '0.1');
  });
});
