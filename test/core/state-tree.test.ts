import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { packState, type StateTree, unpackState } from '../../src/core/state-tree.js';

const state = {
  numbers: [0, -0, 1 / 3, 5e-324, Number.MAX_VALUE, Number.NaN, Infinity, -Infinity],
  // What JSON or the outline might take for something else.
  strings: ['', 'NaN', '-0', '{"":"NaN"}', '\u2028 "\\', '__proto__'],
  flags: [true, false, null],
  nested: { list: [[], [[1]], {}], empty: {}, '0': 'zero', 'a/b': { '~': 1 } },
  vectors: {
    odd: Float32Array.of(1, Number.NaN, -0),
    doubles: Float64Array.of(1 / 3, -Infinity, 5e-324),
    integers: Int32Array.of(-(2 ** 31), 2 ** 31 - 1, 0x7fc00001),
    none: new Float64Array(0),
    view: Float32Array.of(9, 8, 7, 6).subarray(1, 3),
  },
};

describe('a packed state', () => {
  it('gives back every part, each number and vector to the bit', () => {
    const unpacked = unpackState(packState(state)) as typeof state;
    assert.deepEqual(unpacked, { ...state, vectors: { ...state.vectors, view: Float32Array.of(8, 7) } });
    assert.deepEqual(Object.keys(unpacked), Object.keys(state));
    assert.deepEqual(Buffer.from(unpacked.vectors.odd.buffer), Buffer.from(state.vectors.odd.buffer));
    assert.ok(Object.is(unpacked.numbers[1], -0));
  });

  it('keeps names that reach a prototype as names', () => {
    const tree = Object.fromEntries([['__proto__', { polluted: true }]]);
    const unpacked = unpackState(packState<StateTree>(tree)) as object;
    assert.deepEqual(Object.keys(unpacked), ['__proto__']);
    assert.equal(({} as { polluted?: boolean }).polluted, undefined);
  });

  it('shares no memory with the vectors it came from', () => {
    const packed = packState(state);
    const { vectors } = unpackState(packed) as typeof state;
    vectors.doubles.fill(0);
    state.vectors.integers[0]!++;
    assert.equal((unpackState(packed) as typeof state).vectors.doubles[0], 1 / 3);
    assert.equal((unpackState(packed) as typeof state).vectors.integers[0], -(2 ** 31));
    state.vectors.integers[0]!--;
  });

  it('has nothing but plain data', () => {
    for (const other of [undefined, new Map(), new Uint8Array(1), () => 0, 1n])
      assert.throws(() => packState({ part: other } as unknown as StateTree), TypeError);
    assert.throws(() => packState({ '': 1 }), RangeError);
  });

  it('is refused if vectors are missing or left over', () => {
    const { outline, vectors } = packState(state);
    assert.throws(
      () => unpackState({ outline, vectors: vectors.subarray(1) }),
      /take \d+ bytes, expected at least \d+/,
    );
    const longer = new Float32Array(vectors.length + 1);
    assert.throws(() => unpackState({ outline, vectors: longer }), /take \d+ bytes, expected \d+/);
  });
});
