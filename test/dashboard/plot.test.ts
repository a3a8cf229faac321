import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LossBuckets } from '../../src/contract/loss-buckets.js';
import { bucketCurve, type Curve, pointCurve } from '../../src/dashboard/charts/curve.js';
import { jobColour, jobStrokes } from '../../src/dashboard/charts/palette.js';
import { plotOf, type View } from '../../src/dashboard/charts/plot.js';
import { smoothed, smoothingLengths } from '../../src/dashboard/charts/smoothing.js';
import { extent, iterationsOf, leftOut, nearest, summary } from '../../src/dashboard/charts/words.js';
import { yRange } from '../../src/dashboard/charts/y-range.js';
import { thinned, yScale } from '../../src/dashboard/charts/y-scale.js';

const name = { id: 'a', label: 'meta-loss', stroke: { colour: 0, dash: 0 } };
const view: View = { scale: 'log', smoothing: 0, fitAll: false, band: true, from: 0, to: 100 };

function curveOf(losses: readonly number[], width = 1): Curve {
  const buckets = new LossBuckets(width);
  buckets.add(0, 1, losses);
  return bucketCurve(buckets, name);
}

describe('the vertical axis', () => {
  it('has places for values, and values for places', () => {
    for (const kind of ['log', 'symlog', 'linear'] as const) {
      const scale = yScale(kind, [0.01, 1, 100]);
      for (const value of [0.003, 2, 70]) {
        const place = scale.place(value);
        assert.ok(place !== null && Math.abs(scale.valueAt(place) / value - 1) < 1e-9, `${kind} ${value}`);
      }
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) assert.equal(scale.place(value), null);
    }
    assert.equal(yScale('log', []).place(0), null);
    assert.equal(yScale('symlog', []).place(0), 0);
    assert.equal(yScale('symlog', [-3, 5]).place(-2), -yScale('symlog', [-3, 5]).place(2)!);
  });

  it('has ticks within its ends, ascending, at round values', () => {
    for (const kind of ['log', 'symlog', 'linear'] as const) {
      const scale = yScale(kind, [-20, -0.5, 0.002, 3, 800]);
      const [low, high] = [scale.place(kind === 'log' ? 0.002 : -20)!, scale.place(800)!];
      const ticks = scale.ticks(low, high);
      assert.ok(ticks.length >= 3, kind);
      assert.deepEqual(
        ticks,
        [...ticks].sort((a, b) => a - b),
      );
      assert.ok(ticks.every((tick) => scale.place(tick)! >= low - 1e-9 && scale.place(tick)! <= high + 1e-9));
    }
    assert.deepEqual(thinned([-100, -10, -1, 0, 1, 10, 100], 4), [-10, 0, 10]);
  });

  it('leaves out few outliers that would flatten the rest, unless all are to be shown', () => {
    const rest = Array.from({ length: 200 }, (_, i) => Math.sin(i));
    const places = [...rest, 1000];
    const robust = yRange(places, false);
    assert.equal(robust.outside, 1);
    assert.ok(robust.high < 5 && robust.low <= -1);
    const all = yRange(places, true);
    assert.equal(all.outside, 0);
    assert.ok(all.high > 1000);
    assert.equal(yRange([...rest, 2], false).outside, 0);
    const single = yRange([3], false);
    assert.ok(single.low < 3 && single.high > 3);
  });
});

describe('smoothing', () => {
  it('is an average from the first value on, and leaves a constant alone', () => {
    const x = [0, 1, 2, 5, 9];
    assert.ok(smoothed(x, [7, 7, 7, 7, 7], 3).every((y) => Math.abs(y - 7) < 1e-12));
    // The first two values are of equal weight but for the decay e^(-1/3) between them.
    const decay = Math.exp(-1 / 3);
    assert.ok(Math.abs(smoothed(x, [0, 1, 0, 0, 0], 3)[1]! - 1 / (1 + decay)) < 1e-12);
    assert.deepEqual(smoothed(x, [1, 2, 3, 4, 5], 0), [1, 2, 3, 4, 5]);
  });

  it('passes over what is not finite, and does not lose it', () => {
    assert.deepEqual(smoothed([0, 1, 2], [1, Number.NaN, 1], 10), [1, Number.NaN, 1]);
  });

  it('does not depend on the width of the buckets, where these are small', () => {
    const fine = Array.from({ length: 400 }, (_, i) => i);
    const y = fine.map((x) => Math.cos(x / 60));
    const coarse = fine.filter((x) => x % 4 === 0);
    const [a, b] = [
      smoothed(fine, y, 50),
      smoothed(
        coarse,
        coarse.map((x) => y[x]!),
        50,
      ),
    ];
    for (let i = 10; i < coarse.length; i++) assert.ok(Math.abs(a[coarse[i]!]! - b[i]!) < 0.05);
  });

  it('offers lengths up to half of the run', () => {
    assert.deepEqual(smoothingLengths(1000), [0, 10, 100]);
    assert.deepEqual(smoothingLengths(5), [0]);
  });
});

describe('a plot', () => {
  it('marks what the axis cannot show', () => {
    const curve = curveOf([1, Number.NaN, -2, 4, Number.POSITIVE_INFINITY, 0.5]);
    const plot = plotOf([curve], view);
    assert.deepEqual(plot.marks, [
      { curve: 0, x: 1, edge: 'top' },
      { curve: 0, x: 2, edge: 'bottom' },
      { curve: 0, x: 4, edge: 'top' },
    ]);
    assert.deepEqual(
      plot.curves[0]!.line.map((place) => place !== null),
      [true, false, false, true, false, true],
    );
    assert.deepEqual(leftOut(plot), ['▲ 2 not finite', '▼ 0 or below in 1 bucket']);
    const symlog = plotOf([curve], { ...view, scale: 'symlog' });
    assert.deepEqual(leftOut(symlog), ['▲ 2 not finite']);
  });

  it('puts curves of other widths on one x, without breaking their lines', () => {
    const coarse = curveOf([1, 1, 1, 1, 2, 2, 2, 2], 4);
    const fine = { ...curveOf([1, 2, 3]), id: 'b' };
    const { x, curves } = plotOf([coarse, fine], { ...view, scale: 'linear' });
    assert.deepEqual(x, [0, 1, 1.5, 2, 5.5]);
    assert.deepEqual(curves[0]!.line, [undefined, undefined, 1, undefined, 2]);
    assert.deepEqual(curves[1]!.line, [1, 2, undefined, 3, undefined]);
  });

  it('keeps the raw line behind a smoothed one, and a band down to the edge where the minimum has no place', () => {
    const { curves, range } = plotOf([curveOf([1, 2, -1, 8], 2)], { ...view, smoothing: 10 });
    const [{ raw, line, low }] = curves as [(typeof curves)[0]];
    assert.deepEqual(raw, [Math.log10(1.5), Math.log10(3.5)]);
    assert.ok(line[1]! < raw![1]!);
    assert.ok(low[1]! < range.low);
  });

  it('draws the stretch in view and one bucket on either side', () => {
    const { x } = plotOf([curveOf(Array.from({ length: 50 }, (_, i) => i + 1))], { ...view, from: 10, to: 12 });
    assert.deepEqual(x, [9, 10, 11, 12, 13]);
  });
});

describe('words', () => {
  it('describe a curve', () => {
    const curve = curveOf([8, 4, Number.NaN, 2, 3], 1);
    assert.equal(
      summary(curve),
      'meta-loss: 5 points in 5 buckets of a meta-iteration each, from 8.000 to 3.000, lowest 2.000 at meta-iteration 3; 1 not finite.',
    );
    assert.equal(extent(curveOf([1, 2, 3, 4, 5], 4)), '5 points in 2 buckets of 4 meta-iterations each');
    assert.equal(summary(curveOf([])), 'meta-loss: no points yet.');
  });

  it('find the bucket under a pointer', () => {
    const curve = curveOf(Array(40).fill(1), 16);
    assert.deepEqual(
      [-5, 7, 20, 33, 500].map((x) => nearest(curve, x)),
      [0, 0, 1, 2, 2],
    );
    assert.equal(iterationsOf(curve, 1), '16–31');
    assert.equal(nearest(curveOf([]), 3), -1);
  });

  it('know the best validation', () => {
    const curve = pointCurve(
      [
        { x: 0, y: 3, best: true },
        { x: 10, y: 2, best: true },
        { x: 20, y: 4, best: false },
      ],
      name,
    );
    assert.equal(curve.best, 1);
    assert.equal(plotOf([curve], view).curves[0]!.curve.best, 1);
  });
});

describe('measurements', () => {
  it('are summed up where there are too many, and the best stays marked', () => {
    const points = Array.from({ length: 5000 }, (_, i) => ({
      x: 100 * i,
      y: i === 7 ? Number.NaN : 1,
      best: i === 4321,
    }));
    const curve = pointCurve(points, name);
    assert.ok(curve.x.length <= 1000 && curve.width > 100);
    assert.equal(
      curve.count.reduce((a, b) => a + b, 0),
      5000,
    );
    assert.equal(
      curve.finite.reduce((a, b) => a + b, 0),
      4999,
    );
    assert.ok(Math.abs(curve.x[curve.best]! - 432_100) <= curve.width / 2);
  });
});

describe('colours', () => {
  it('are a function of the job alone; dashes tell jobs of one colour apart', () => {
    const ids = Array.from({ length: 40 }, (_, i) => `j0123456789abcdef${String(i).padStart(2, '0')}`);
    const strokes = jobStrokes(ids);
    assert.deepEqual(
      strokes.map(({ colour }) => colour),
      ids.map(jobColour),
    );
    assert.equal(new Set(strokes.map(({ colour, dash }) => `${colour} ${dash}`)).size, ids.length);
    assert.ok(new Set(strokes.map(({ colour }) => colour)).size >= 8);
  });
});
