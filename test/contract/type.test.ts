import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Type as TypeBox } from 'typebox';
import { Type } from '../../src/contract/type.js';

describe('the builders of schemas', () => {
  it("make what TypeBox's make", () => {
    const made = [Type, TypeBox as unknown as typeof Type].map((type) =>
      JSON.stringify(
        type.Object(
          {
            unknown: type.Unknown({ title: 'anything' }),
            boolean: type.Boolean({ default: false }),
            integer: type.Integer({ minimum: 1, maximum: 9 }),
            number: type.Optional(type.Number({ exclusiveMinimum: 0 })),
            string: type.String({ pattern: '^a' }),
            literals: type.Array(type.Literal('b'), { maxItems: 3 }),
            three: type.Literal(3),
            yes: type.Literal(true),
            record: type.Record(type.String(), type.Integer(), { description: 'numbers' }),
            unsafe: type.Unsafe<string>({ type: 'string', enum: ['c', 'd'] }),
            optional: type.Optional(type.Object({ none: type.Optional(type.Boolean()) })),
          },
          { additionalProperties: false },
        ),
      ),
    );
    assert.equal(made[0], made[1]);
  });
});
