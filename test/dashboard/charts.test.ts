import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LossBuckets } from '../../src/contract/loss-buckets.js';
import { bucketCurve, pointCurve } from '../../src/dashboard/charts/curve.js';
import { tableRow, toCsv, toSvg } from '../../src/dashboard/charts/exports.js';
import { heatPicture, ramp } from '../../src/dashboard/charts/heat.js';
import { plotOf } from '../../src/dashboard/charts/plot.js';
import { viewOf, zoomOf, zoomQuery } from '../../src/dashboard/charts/view-query.js';
import { afterKey, stretch } from '../../src/dashboard/charts/zoom.js';

const whole = { from: 0, to: 1000 };

function curve(losses: readonly number[], width = 1, label = 'meta-loss') {
  const buckets = new LossBuckets(width);
  buckets.add(0, 1, losses);
  return bucketCurve(buckets, { id: label, label, stroke: { colour: 2, dash: 1 } });
}

describe('zoom', () => {
  it('stays within the whole, on whole meta-iterations', () => {
    assert.deepEqual(stretch(10.4, 20.3, whole), { from: 10, to: 20 });
    assert.deepEqual(stretch(-50, 20, whole), { from: 0, to: 70 });
    assert.deepEqual(stretch(995, 1200, whole), { from: 795, to: 1000 });
    assert.deepEqual(stretch(5, 5.5, whole), { from: 5, to: 9 });
    assert.deepEqual(stretch(0, 9, { from: 0, to: 2 }), { from: 0, to: 2 });
  });

  it('follows keys, and ends at the whole', () => {
    assert.deepEqual(afterKey('+', whole, whole), { from: 250, to: 750 });
    assert.deepEqual(afterKey('-', { from: 400, to: 600 }, whole), { from: 300, to: 700 });
    assert.equal(afterKey('-', { from: 300, to: 900 }, whole), null);
    assert.deepEqual(afterKey('ArrowLeft', { from: 400, to: 600 }, whole), { from: 350, to: 550 });
    assert.deepEqual(afterKey('ArrowRight', { from: 900, to: 1000 }, whole), { from: 900, to: 1000 });
    assert.equal(afterKey('0', { from: 1, to: 9 }, whole), null);
    assert.equal(afterKey('a', whole, whole), undefined);
  });

  it('is in the address, and survives it', () => {
    const zoom = { from: 20, to: 80 };
    const query = zoomQuery(zoom) as Record<string, string>;
    assert.deepEqual(zoomOf(query), zoom);
    assert.deepEqual(viewOf({ ...query, scale: 'symlog', smooth: '100', fit: 'all', band: 'off' }, 500), {
      ...zoom,
      scale: 'symlog',
      smoothing: 100,
      fitAll: true,
      band: false,
    });
    const usual = { scale: 'log', smoothing: 0, fitAll: false, band: true, from: 0, to: 500 };
    assert.deepEqual(viewOf({}, 500), usual);
    assert.deepEqual(viewOf({ scale: 'x', smooth: '-1', from: '90', to: '80' }, 500), usual);
    assert.equal(zoomOf({ from: '3' }), null);
  });
});

describe('files of a chart', () => {
  it('have every bucket in full precision, as CSV', () => {
    assert.equal(
      toCsv([curve([0.1, 0.2, Number.NaN, 4, 5], 4)]),
      `iteration,points,finite,mean,min,max,last\n0,4,3,${(0.1 + 0.2 + 4) / 3},0.1,4,4\n4,1,1,5,5,5,5\n`,
    );
    const named = toCsv([curve([1], 1, 'a, "b"'), curve([2], 1, 'c')]);
    assert.equal(named, 'curve,iteration,points,finite,mean,min,max,last\n"a, ""b""",0,1,1,1,1,1,1\nc,0,1,1,2,2,2,2\n');
  });

  it('have lines, bands, marks and names, as SVG without anything from elsewhere', () => {
    const validation = pointCurve([{ x: 2, y: 3, best: true }], {
      id: 'v',
      label: 'validation & <more>',
      stroke: { colour: 5, dash: 0 },
    });
    const view = { ...viewOf({ smooth: '10' }, 6) };
    const svg = toSvg(plotOf([curve([8, 4, Number.NaN, 2, 3, 1]), validation], view), 'A "title"', 'meta-iteration');
    assert.match(svg, /^<svg [^>]*aria-label="A &quot;title&quot;">/);
    assert.match(svg, /validation &amp; &lt;more&gt;/);
    assert.equal(svg.match(/<circle/g)?.length, 1);
    assert.equal(svg.match(/class="f2 raw"/g)?.length, 2);
    // The triangle of the value that is not finite.
    assert.equal(svg.match(/<path class="mark"/g)?.length, 1);
    assert.doesNotMatch(svg, /NaN|undefined|href|url\(/);
  });

  it('have rows for reading', () => {
    assert.deepEqual(tableRow(curve([1, Number.NaN, 3, 4], 4), 0), [
      '0–3',
      '4 (1 not finite)',
      '2.667',
      '1.000',
      '4.000',
      '4.000',
    ]);
  });
});

describe('a field of losses', () => {
  it('becomes a picture by rows of steps', () => {
    const picture = heatPicture({ iteration: 7, steps: 2, points: [1, 10, 100, Number.NaN, 1000, 10] });
    assert.deepEqual([picture.columns, picture.rows, picture.notFinite], [3, 2, 1]);
    assert.deepEqual([picture.least, picture.greatest, picture.scale.kind], [1, 1000, 'log']);
    const expected = [0, 2 / 3, 1, 1 / 3, Number.NaN, 1 / 3];
    assert.ok(
      picture.shares.every((share, i) => Object.is(share, expected[i]) || Math.abs(share - expected[i]!) < 1e-6),
    );
  });

  it('has a symlog scale with losses of 0 or below, and none without finite ones', () => {
    assert.equal(heatPicture({ iteration: 0, steps: 1, points: [0, 1] }).scale.kind, 'symlog');
    const none = heatPicture({ iteration: 0, steps: 1, points: [Number.NaN] });
    assert.deepEqual([none.least, none.greatest], [null, null]);
  });

  it('is coloured between stops', () => {
    const colour = ramp(['#000000', '#ff0000', '#ffffff']);
    assert.deepEqual([0, 0.25, 0.5, 1].map(colour), [
      [0, 0, 0],
      [128, 0, 0],
      [255, 0, 0],
      [255, 255, 255],
    ]);
  });
});
