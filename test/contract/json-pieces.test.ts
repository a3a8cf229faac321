import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fitsInBytes, jsonBytes, jsonPieces } from '../../src/contract/json-pieces.js';
import { testSeed, uniform } from '../weights/samples.js';

const seed = testSeed();
const random = uniform(seed);
const draw = (n: number) => Math.floor(random() * n);

/** Any plain data. */
function anything(depth: number): unknown {
  const members = depth > 0 ? Array.from({ length: draw(5) }, () => anything(depth - 1)) : [];
  switch (draw(depth > 0 ? 9 : 6)) {
    case 0:
      return null;
    case 1:
      return random() < 0.5;
    case 2:
      return (random() - 0.5) * 10 ** (draw(600) - 300);
    case 3:
      return ['', 'θ "quoted"\n', '\ud800', 'a'.repeat(draw(50))][draw(4)];
    case 4:
      return Number.NaN;
    case 5:
      return Array.from({ length: draw(3000) }, () => draw(1000));
    case 6:
      return members;
    case 7:
      return [...members, undefined, 1, [], {}];
    default:
      return { ...Object.fromEntries(members.map((member, i) => [`${i}"${draw(3)}`, member])), left: undefined };
  }
}

describe('JSON in pieces', () => {
  it(`is what JSON.stringify gives, with an indent and without (seed ${seed})`, () => {
    for (let i = 0; i < 500; i++) {
      const value = anything(4);
      for (const indent of ['', '  ']) {
        const whole = JSON.stringify(value, null, indent);
        assert.equal([...jsonPieces(value, indent)].join(''), whole);
        assert.equal(
          Buffer.concat([...jsonBytes(value, indent, '\n')]).toString(),
          Buffer.from(`${whole}\n`).toString(),
        );
      }
    }
  });

  it('is measured in bytes', () => {
    assert.ok(fitsInBytes({ name: 'θ' }, 13));
    assert.ok(!fitsInBytes({ name: 'θ' }, 12));
  });

  it('has no piece longer than a few megabytes, however long the whole', () => {
    const numbers = Array.from({ length: 2e6 }, (_, i) => i / 7);
    const lengths = [...jsonBytes({ a: numbers, b: numbers })].map(({ length }) => length);
    assert.ok(Math.max(...lengths) < 2 ** 20);
    assert.ok(lengths.reduce((a, b) => a + b) > 60e6);
  });
});
