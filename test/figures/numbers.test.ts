import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatRate } from '../../src/figures/numbers.js';

test('a rate is written with as many digits as it is worth', () => {
  assert.deepEqual([0.0354, 2.44, 34.6, 1284.4].map(formatRate), ['0.035', '2.4', '35', '1,284']);
});
