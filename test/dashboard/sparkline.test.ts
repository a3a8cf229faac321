import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sparklineBox, sparklinePath } from '../../src/dashboard/parts/sparkline-path.js';

/** The points of a path, as [x, y]. */
function pointsOf(path: string): [number, number][] {
  return [...path.matchAll(/([\d.]+) ([\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]);
}

const curve = (mean: (number | 'NaN' | null)[]) => sparklinePath({ iterationsPerBucket: 1, mean });

describe('a sparkline', () => {
  it('spans its box, falls with the loss, and is logarithmic where all losses are positive', () => {
    const { line, marks } = curve([100, 10, 1]);
    const [first, middle, last] = pointsOf(line);
    assert.equal(marks, '');
    assert.deepEqual([first![0], last![0]], [2, sparklineBox.width - 2]);
    assert.deepEqual([first![1], last![1]], [2, sparklineBox.height - 2]);
    assert.equal(middle![1], sparklineBox.height / 2);
  });

  it('is linear where a loss is not positive', () => {
    const [, middle] = pointsOf(curve([100, 0, -100]).line);
    assert.equal(middle![1], sparklineBox.height / 2);
  });

  it('marks buckets without a finite loss, and is interrupted there', () => {
    const { line, marks } = curve([3, 'NaN', 2, 1]);
    assert.equal(line.match(/M/g)?.length, 2);
    assert.equal(marks.match(/M/g)?.length, 1);
    assert.equal(curve(['NaN', 'NaN']).line, '');
    assert.equal(curve(['NaN', 'NaN']).marks.match(/M/g)?.length, 2);
  });

  it('is interrupted by a bucket without points, without a mark', () => {
    const { line, marks } = curve([3, null, 2]);
    assert.deepEqual([line.match(/M/g)?.length, marks], [2, '']);
  });

  it('is level for one loss, and for equal ones', () => {
    for (const mean of [[5], [5, 5, 5]])
      for (const [, y] of pointsOf(curve(mean).line)) assert.equal(y, sparklineBox.height / 2);
  });
});
