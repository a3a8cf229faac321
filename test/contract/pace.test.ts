import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Pace } from '../../src/contract/pace.js';

describe('the pace of progress', () => {
  it('is unknown at first, and then progress over time', () => {
    const pace = new Pace();
    assert.equal(pace.rate, null);
    pace.add(100, 0);
    assert.equal(pace.rate, null);
    pace.add(150, 250);
    assert.equal(pace.rate, null, 'too soon');
    pace.add(300, 1000);
    assert.equal(pace.rate, 200);
  });

  it('forgets what was more than some seconds ago', () => {
    const pace = new Pace();
    for (let second = 0; second <= 20; second++) pace.add(10 * second, 1000 * second);
    for (let second = 21; second <= 30; second++) pace.add(200 + 1000 * (second - 20), 1000 * second);
    assert.equal(pace.rate, 1000);
  });

  it('is known for steps that take longer than that', () => {
    const pace = new Pace();
    pace.add(1, 0);
    pace.add(2, 60_000);
    pace.add(3, 120_000);
    assert.equal(pace.rate, 1 / 60);
  });

  it('begins again with a new attempt', () => {
    const pace = new Pace();
    pace.add(500, 0);
    pace.add(900, 1000);
    pace.add(100, 2000);
    assert.equal(pace.rate, null);
    pace.add(200, 3000);
    assert.equal(pace.rate, 100);
  });

  it('is that of the last ten seconds, whatever came at once before', () => {
    const pace = new Pace();
    pace.add(0, 0);
    pace.add(100_000, 100);
    assert.equal(pace.rate, null, 'a tenth of a second says little');
    for (let time = 200; time <= 15_000; time += 100) pace.add(100_000 + (time - 100) / 10, time);
    assert.ok(Math.abs(pace.rate! - 100) < 1, `${pace.rate}`);
    for (let time = 15_100; time <= 16_100; time += 100) pace.add((time - 15_100) / 20, time);
    assert.ok(Math.abs(pace.rate! - 50) < 1, 'a job that starts over');
  });
});
