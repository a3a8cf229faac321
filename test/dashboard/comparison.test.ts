import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseJobSpec } from '../../src/contract/validate.js';
import { reasonOf } from '../../src/dashboard/pages/comparison/reason.js';
import { fewer, someSteps, stepAfter } from '../../src/dashboard/pages/comparison/steps.js';
import { queryOf, toggled, viewOf } from '../../src/dashboard/pages/comparison/view.js';

describe('the view of a comparison', () => {
  it('is the same after the address', () => {
    for (const query of ['', '?axis=linear', '?bands=none&hidden=0,3', '?axis=linear&bands=all&measure=tail']) {
      const view = viewOf(Object.fromEntries(new URLSearchParams(query)));
      assert.equal(queryOf(view), query);
    }
  });

  it('is as usual where the address makes no sense', () => {
    assert.equal(queryOf(viewOf({ axis: 'x', bands: 'x', hidden: '1,,x', measure: 'x' })), '');
  });

  it('hides an optimizer and shows it again', () => {
    const hidden = toggled(toggled(viewOf({}), 3), 1);
    assert.deepEqual(hidden.hidden, [1, 3]);
    assert.deepEqual(toggled(hidden, 3).hidden, [1]);
  });
});

describe('a long curve', () => {
  const points = Array.from({ length: 10_001 }, (_, x) => ({ x, y: Math.sin(x / 500) }));

  it('is drawn with few points, and keeps a spike, a gap and its ends', () => {
    const spiked = points.with(5003, { x: 5003, y: 40 }).with(7001, { x: 7001, y: Number.NaN });
    const drawn = fewer(spiked, 400);
    assert.ok(drawn.length <= 600, String(drawn.length));
    for (const x of [0, 5003, 7001, 10_000]) assert.ok(drawn.includes(spiked[x]!), String(x));
    assert.deepEqual(
      drawn.map(({ x }) => x),
      drawn.map(({ x }) => x).toSorted((a, b) => a - b),
    );
  });

  it('is drawn whole if it is short', () => {
    assert.equal(fewer(points, 20_000), points);
  });

  it('is listed at some of its steps', () => {
    assert.deepEqual(someSteps(3, 20), [0, 1, 2, 3]);
    const steps = someSteps(105, 20);
    assert.deepEqual([steps[0], steps[1], steps.at(-1)], [0, 6, 105]);
  });
});

describe('the cursor', () => {
  it('moves by keys within the steps', () => {
    assert.equal(stepAfter('ArrowRight', 4, 100), 5);
    assert.equal(stepAfter('PageDown', 4, 100), 0);
    assert.equal(stepAfter('End', 4, 100), 100);
    assert.equal(stepAfter('ArrowRight', 100, 100), 100);
    assert.equal(stepAfter('a', 4, 100), undefined);
  });
});

describe('a job without results', () => {
  const spec = parseJobSpec({ kind: 'metatrain', problem: { name: 'simple' }, optimizer: { name: 'lstm' } });
  const trainsOnly = parseJobSpec({ ...spec, comparison: null });

  it('says why, and when', () => {
    const reason = (state: 'running' | 'failed', of = spec, message = '') =>
      reasonOf({ state, spec: of, failure: message === '' ? null : { code: 'internal', message } });
    assert.match(reason('running').text, /after the training/);
    assert.match(reason('running', trainsOnly).title, /compares nothing/);
    assert.match(reason('failed', spec, 'Out of memory.').text, /before its comparison was done\. Out of memory\./);
  });
});
