import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { describe, it } from 'node:test';
import { coloured } from '../../src/cli/render/colours.js';
import { renderCurve } from '../../src/cli/render/curve.js';
import { ProgressDisplay } from '../../src/cli/render/progress.js';
import { renderComparison } from '../../src/cli/render/table.js';
import { LossBuckets } from '../../src/contract/loss-buckets.js';
import type { Measure } from '../../src/contract/measures.js';
import { formatDuration, formatLoss } from '../../src/figures/numbers.js';
import { renderSvg } from '../../src/figures/picture.js';
import { sampleResults } from '../figures/results-sample.js';

const plainCurves = [
  [3.6, 0.3, 0.03, 0.01, 0.003],
  [3.6, 1.8, 0.9, 0.5, 0.25],
];
const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
const oddCurves: Record<string, number[][]> = {
  'ordinary ones': plainCurves,
  'a divergence to infinity': [plainCurves[0]!, [3.6, 1e4, 1e30, infinity, infinity]],
  'NaN from a step on': [plainCurves[0]!, [3.6, 40, nan, nan, nan]],
  'nothing finite at all': [
    [nan, nan],
    [infinity, infinity],
  ],
  'losses of 0': [plainCurves[0]!, [3.6, 0, 0, 0, 0]],
  'losses that do not change': [
    [1, 1, 1],
    [1, 1, 1],
  ],
  'one step': [
    [2, 1],
    [2, 1.5],
  ],
  'more optimizers than rows': Array.from({ length: 33 }, (_, i) => [3, 2, 1 / (i + 1)]),
};

describe('the tables of a comparison', () => {
  const lines = renderComparison(sampleResults(plainCurves)).split('\n');
  const below = (title: string) => lines.slice(lines.findIndex((line) => line.startsWith(title)));

  it('have the learned optimizer first, and figures aligned with their titles', () => {
    const [header, , learned, sgd] = lines.slice(2);
    assert.match(learned!, /^LSTM +3\.940 +3\.546 … 4\.334 /);
    assert.match(sgd!, /^SGD 0\.1 .* 95\.1 %$/);
    const at = (line: string, text: string) => line.indexOf(text) + text.length;
    assert.equal(at(learned!, '3.940'), at(header!, 'Mean'));
    assert.equal(at(sgd!, '95.1 %'), header!.length);
  });

  it('are one per measure, with its steps, the paired difference, the wins and the steps saved', () => {
    const [sum, , , sgd, verdict] = below('Sum of f(θ_0) … f(θ_3)');
    assert.match(sum!, /Mean +95 % interval +Median +Difference +95 % interval +Learned wins$/);
    assert.match(sgd!, / -1\.000 +-0\.9000 … -1\.100 +95\.1 %$/);
    assert.match(verdict!, /^Best baseline: SGD 0\.1; the learned optimizer is below it.* clear of 0\.$/);
    const [, , , tail, open] = below('Tail: f(θ_4) ');
    assert.match(tail!, / -3\.000 +-6\.500 … 0\.5000 +75\.3 %$/);
    assert.match(open!, /the interval of the difference contains 0/);
    assert.match(below('Final loss f(θ_4)')[3]!, / -2\.000 .* 85\.2 % +2 +–$/);
  });

  it('leave out rates that were tuned only for other measures', () => {
    const results = sampleResults([...plainCurves, plainCurves[1]!, plainCurves[1]!], ['LSTM', 'A', 'B', 'given']);
    const tuned = (...measures: Measure[]) => ({
      measure: measures[0]!,
      measures,
      functions: 1,
      examples: 'training' as const,
      atEdge: false,
      grid: [],
    });
    results.optimizers[1]!.tuning = tuned('sum');
    results.optimizers[2]!.tuning = { ...tuned('final'), atEdge: true };
    const [sum, tail, final] = renderComparison(results).split('\n\n').slice(1);
    const labels = (table: string) => ['A', 'B', 'given'].filter((label) => new RegExp(`^${label} `, 'm').test(table));
    assert.deepEqual(labels(sum!), ['A', 'given']);
    assert.deepEqual(labels(tail!), ['A', 'B', 'given']);
    assert.deepEqual(labels(final!), ['B', 'given']);
    assert.match(final!, /At the edge of its grid.*: B\.$/m);
    assert.ok(!sum!.includes('edge'));
  });

  it('do not call conjugate gradients the best baseline', () => {
    const results = sampleResults([...plainCurves, plainCurves[0]!]);
    results.optimizers[2]!.rule = { name: 'conjugate-gradients' };
    assert.match(renderComparison(results), /^Best baseline: SGD 0\.1;/m);
  });

  it('show non-finite values', () => {
    const text = renderComparison(sampleResults(oddCurves['NaN from a step on']!));
    assert.match(text, /^SGD 0\.1 +NaN +– /m);
    assert.match(renderComparison(sampleResults(oddCurves['a divergence to infinity']!)), /∞/);
  });
});

describe('the curve in the terminal', () => {
  for (const [title, curves] of Object.entries(oddCurves)) {
    it(`shows ${title}`, () => {
      const text = renderCurve(sampleResults(curves), undefined, { width: 80, rows: 12 });
      const lines = text.split('\n');
      assert.equal(lines.length, 15);
      assert.ok(
        lines.every((line) => line.length <= 80),
        text,
      );
      assert.ok(!/NaN|undefined/.test(text), text);
      if (curves.length <= 12) for (const label of ['LSTM', 'SGD 0.1']) assert.ok(text.includes(label), text);
    });
  }

  it('falls from the upper left to the lower right', () => {
    const rows = renderCurve(sampleResults([[1000, 100, 10, 1]]), undefined, { rows: 8 })
      .split('\n')
      .slice(1, 9);
    const columns = rows.map((row) => row.slice(9).search(/[\u2801-\u28ff]/));
    assert.deepEqual(
      columns,
      [...columns].sort((a, b) => a - b),
    );
    assert.match(rows[0]!, /1000/);
    assert.match(rows.at(-1)!, /1 .*LSTM/);
  });

  it('is coloured only on request', () => {
    const results = sampleResults(plainCurves);
    assert.ok(!renderCurve(results).includes('\x1b'));
    assert.ok(renderCurve(results, coloured).includes('\x1b[94m'));
  });
});

describe('the picture', () => {
  for (const [title, curves] of Object.entries(oddCurves)) {
    it(`is well-formed and without NaN for ${title}`, () => {
      const svg = renderSvg(sampleResults(curves, ['LSTM <&">']));
      const numbers = svg.matchAll(/ (?:d|x|y|width|height)="([^"]*)"/g);
      for (const [, value] of numbers) assert.ok(!/NaN|Infinity|undefined/.test(value!), value);
      assertWellFormed(svg);
      assert.ok(svg.includes('LSTM &lt;&amp;&quot;&gt;'));
      assert.equal(svg.match(/<path class="band/g)?.length, curves.length);
    });
  }

  it('needs no other files, and has dark colours for a dark background', () => {
    const svg = renderSvg(sampleResults(plainCurves));
    assert.ok(!/href|url\((?!#)|@import|<script/.test(svg));
    assert.match(svg, /prefers-color-scheme:dark/);
  });
});

describe('numbers for people', () => {
  it('have four digits, or an exponent', () => {
    assert.deepEqual([4.4372, 223.61, 0.0147, 1234.5, 4.3e-6, 2.5e7, 0].map(formatLoss), [
      '4.437',
      '223.6',
      '0.01470',
      '1235',
      '4.30e-6',
      '2.50e+7',
      '0',
    ]);
    assert.deepEqual((['NaN', 'Infinity', '-Infinity'] as const).map(formatLoss), ['NaN', '∞', '-∞']);
  });

  it('give durations in their usual units', () => {
    assert.deepEqual([7.2, 65, 7380].map(formatDuration), ['7 s', '1:05 min', '2:03 h']);
  });
});

/** Checks the XML grammar used here: matching tags, quoted attributes, escaped text. */
function assertWellFormed(xml: string): void {
  const open: string[] = [];
  const token = /<\/(\w+)>|<(\w+)((?: [\w:-]+="[^"<&]*(?:&\w+;[^"<&]*)*")*)(\/?)>|[^<&]+|&(?:amp|lt|gt|quot);/gy;
  let end = 0;
  for (const [text, closed, opened, attributes, empty] of xml.matchAll(token)) {
    end += text.length;
    if (closed) assert.equal(open.pop(), closed);
    const names = [...(attributes ?? '').matchAll(/ ([\w:-]+)=/g)].map(([, name]) => name);
    assert.equal(new Set(names).size, names.length, text);
    if (opened && !empty) open.push(opened);
  }
  assert.equal(end, xml.length, `not XML: ${xml.slice(end, end + 80)}`);
  assert.deepEqual(open, []);
}

/** A display, and the lines that it has printed. */
function recorded(now = () => 0): [lines: () => string[], display: ProgressDisplay] {
  let text = '';
  const out = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      done();
    },
  });
  return [() => text.trimEnd().split('\n'), new ProgressDisplay(out, now)];
}

describe('the progress of a training', () => {
  it('gives the number of steps of a loss, and restarts the average when that changes', () => {
    const [lines, display] = recorded();
    const losses = (points: number[], perIteration: number, iteration: number) =>
      display.show({ type: 'losses', iteration, step: 0, perIteration, points: new Float32Array(points) });
    const line = () => {
      display.end();
      return lines().at(-1)!;
    };
    losses([2, 3], 2, 0);
    display.show({ type: 'validation', iteration: 1, loss: 40, best: true, measure: 'sum', steps: 100 });
    losses([2, 3], 2, 1);
    assert.match(line(), /loss 5\.000 in 2 steps · validation 40\.00 in 100 steps$/);
    losses([7], 1, 2);
    assert.match(line(), /loss 7\.000 in 1 step · /);
    for (const [measure, text] of [
      ['final', 'validation 3.000 after 1,000 steps'],
      ['tail', 'validation 3.000 at the end of 1,000 steps'],
    ] as const) {
      display.show({ type: 'validation', iteration: 3, loss: 3, best: true, measure, steps: 1000 });
      losses([7], 1, 3);
      assert.ok(line().endsWith(text), line());
    }
  });

  it('is not shown again when sums of losses come after the end of the run', () => {
    const [lines, display] = recorded();
    const envelope = { job: 'j', attempt: 1, time: 0 };
    const buckets = new LossBuckets(1);
    buckets.add(0, 1, [3]);
    const sums = { ...envelope, ...buckets.toArrays(), type: 'loss-buckets', to: 1 } as const;
    display.show({ ...sums, seq: 2 });
    display.show({ ...envelope, seq: 3, type: 'progress', phase: 'statistics', done: 1, total: 2 });
    display.show({ ...envelope, seq: 4, type: 'done', iterations: 1, bestIteration: 1 });
    display.show({ ...sums, seq: 5, cursor: '1.4' });
    display.end();
    assert.deepEqual(
      lines().map((line) => line.split(':')[0]),
      ['Training', 'Statistics'],
    );
  });

  it('repeats the health message when a cause is named for the first time', () => {
    const [lines, display] = recorded();
    const numbers = { gradientNorm: 0, clipped: 0, updateSize: 0.1, signAgreement: 1, saturation: 0, diverged: 0 };
    for (const causes of [[], ['The meta-gradient was exactly 0.'], ['The meta-gradient was exactly 0.']])
      display.show({
        type: 'health',
        iteration: 0,
        verdict: 'not yet',
        message: `Not yet. ${causes}`,
        causes,
        ...numbers,
      });
    assert.deepEqual(lines(), ['Not yet. ', 'Not yet. The meta-gradient was exactly 0.']);
  });

  it('reports changes in whether it is learning, and the progress of a validation', () => {
    let time = 0;
    const [lines, display] = recorded(() => time);
    const numbers = { gradientNorm: 1, clipped: 0, updateSize: 0.1, signAgreement: 1, saturation: 0, diverged: 0 };
    const health = (iteration: number, verdict: 'learning' | 'stalled', message: string) =>
      display.show({ type: 'health', iteration, verdict, message, ...numbers });
    const points = new Float32Array([2, 3]);
    health(0, 'learning', 'Learning: one.');
    display.show({ type: 'losses', iteration: 0, step: 0, perIteration: 2, points });
    health(1, 'learning', 'Learning: two.');
    time = 20_000;
    display.show({ type: 'progress', phase: 'validation', done: 3, total: 256 });
    display.show({ type: 'validation', iteration: 1, loss: 4, best: true });
    health(1, 'stalled', 'Stalled: three.');
    display.end();
    const [one, line, three, last] = lines();
    assert.deepEqual([one, three], ['Learning: one.', 'Stalled: three.']);
    assert.match(line!, /^Training: 1\/0 .*loss 5\.000 in 2 steps · validating 3\/256 · learning$/);
    assert.match(last!, /validation 4\.000 · stalled$/);
    assert.ok(!lines().join().includes('two'));
  });
});
