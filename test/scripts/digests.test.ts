import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeSafetensors } from '../../src/weights/safetensors.js';

type Digests = Record<string, Record<string, string>>;
interface Exception {
  case: string;
  part: string;
  reason: string;
}
interface Canonical {
  digestWeights(bytes: Uint8Array): string;
  digestTable(csv: string, columns: string[]): string;
  compareDigests(expected: Digests, found: Digests, exceptions: Exception[]): { lines: string[]; failed: boolean };
}
const script: unknown = await import(new URL('../../../scripts/digests/canonical.mjs', import.meta.url).href);
const { digestWeights, digestTable, compareDigests } = script as Canonical;

describe('digests', () => {
  const tensor = (name: string, ...values: number[]) => ({
    name,
    shape: [values.length],
    data: Float32Array.from(values),
  });

  it('of weights cover the tensors, not their order in the file or their metadata', () => {
    const digest = digestWeights(encodeSafetensors([tensor('a', 1, 2), tensor('b', 3)], { version: '0.1.0' }));
    assert.equal(digestWeights(encodeSafetensors([tensor('b', 3), tensor('a', 1, 2)], { version: '9' })), digest);
    for (const others of [
      [tensor('a', 1, 2), tensor('b', 3.0000002)],
      [tensor('a', 1, 2), tensor('c', 3)],
      [tensor('a', 1), tensor('b', 2, 3)],
    ])
      assert.notEqual(digestWeights(encodeSafetensors(others, { version: '0.1.0' })), digest);
  });

  it('of tables cover the named columns', () => {
    const digest = digestTable('iteration,loss\n0,1.5\n1,0.25\n', ['iteration', 'loss']);
    assert.equal(digestTable('loss,seconds,iteration\n1.5,7,0\n0.25,8,1\n', ['iteration', 'loss']), digest);
    assert.notEqual(digestTable('iteration,loss\n0,1.5\n1,0.26\n', ['iteration', 'loss']), digest);
  });

  it('that differ fail the check, unless an exception says why', () => {
    const [before, now] = ['a'.repeat(64), 'b'.repeat(64)];
    const expected = { seed: { weights: before, rates: before } };
    assert.deepEqual(compareDigests(expected, expected, []), { lines: [], failed: false });
    const changed = { seed: { weights: before, rates: now } };
    const differs = 'seed rates: aaaaaaaaaaaa before, bbbbbbbbbbbb now';
    assert.deepEqual(compareDigests(expected, changed, []), { lines: [differs], failed: true });
    const exception = { case: 'seed', part: 'rates', reason: 'ties keep the usual rate' };
    assert.deepEqual(compareDigests(expected, changed, [exception]), {
      lines: [`${differs} (intended: ties keep the usual rate)`],
      failed: false,
    });
  });

  it('fail the check if a part is missing, or an exception is left over', () => {
    const digest = 'a'.repeat(64);
    const expected = { seed: { weights: digest } };
    const { lines, failed } = compareDigests(expected, { seed: { outcome: 'exit status 2: no such field' } }, []);
    assert.ok(failed);
    assert.deepEqual(lines, [
      'seed weights: aaaaaaaaaaaa before, nothing now',
      'seed outcome: nothing before, exit status 2: no such field now',
    ]);
    const leftOver = compareDigests(expected, expected, [{ case: 'seed', part: 'weights', reason: 'none' }]);
    assert.deepEqual(leftOver, {
      lines: ['seed weights: the same, though an exception is listed: remove it'],
      failed: true,
    });
  });
});
