import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { catalogue } from '../../src/contract/catalogue.js';
import { ApiError } from '../../src/contract/errors.js';
import { parseJobSpec } from '../../src/contract/validate.js';
import { differences } from '../../src/dashboard/forms/differences.js';
import { placeErrors } from '../../src/dashboard/forms/errors.js';
import type { Field, Schema } from '../../src/dashboard/forms/field.js';
import { gistOf } from '../../src/dashboard/forms/gist.js';
import { formatInput, parseInput } from '../../src/dashboard/forms/inputs.js';
import { jobField } from '../../src/dashboard/forms/job-field.js';
import { type Json, withValue } from '../../src/dashboard/forms/json.js';
import { SchemaReader } from '../../src/dashboard/forms/read-schema.js';
import { beginning, complete } from '../../src/dashboard/forms/values.js';
import { formatValue, labelOf, rangeOf, splitDescription } from '../../src/dashboard/forms/words.js';

const job = jobField(catalogue);
const field = (schema: Schema): Field => new SchemaReader({}).read(schema);
const small = { kind: 'metatrain', problem: { name: 'quadratic' }, optimizer: { name: 'lstm' } };

/** The pointers of the fields that show what the service says about a document. */
function places(document: Json): { at: string[]; elsewhere: string[] } {
  try {
    parseJobSpec(document);
  } catch (error) {
    assert.ok(error instanceof ApiError);
    const { at, elsewhere } = placeErrors(error.errors, job, document);
    return { at: [...at.keys()], elsewhere: elsewhere.map(({ pointer }) => pointer) };
  }
  return { at: [], elsewhere: [] };
}

describe('errors of the service', () => {
  const wrong: [what: string, path: (string | number)[], value: Json, at: string][] = [
    ['a number out of range', ['training', 'horizon'], 0, '/training/horizon'],
    ['a number in a list', ['optimizer', 'layers'], [20, 0], '/optimizer/layers'],
    ['a text for a number', ['training', 'learningRate'], '1e-', '/training/learningRate'],
    ['an unknown problem', ['problem', 'name'], 'nowhere', '/problem'],
    [
      'a problem in a problem',
      ['problem'],
      { name: 'noisy', problem: { name: 'quadratic', dimension: 0 } },
      '/problem/problem/dimension',
    ],
    [
      'a baseline',
      ['comparison', 'baselines'],
      [{ name: 'sgd', learningRate: 'best' }],
      '/comparison/baselines/0/learningRate',
    ],
    ['a weight of the meta-loss', ['training', 'metaLoss'], [1, -1], '/training/metaLoss'],
    [
      'a rule without its rate',
      ['training', 'imitation'],
      { rule: { name: 'adam' } },
      '/training/imitation/rule/learningRate',
    ],
    ['an unroll that does not divide the horizon', ['training', 'unroll'], 3, '/training/unroll'],
    [
      'a group',
      ['optimizer'],
      { name: 'groups', groups: [{ name: 'a', parameters: ['b'], optimizer: { name: 'lstm', layers: [0] } }] },
      '/optimizer/groups/0/optimizer/layers',
    ],
  ];
  for (const [what, path, value, at] of wrong)
    it(`stand at their field: ${what}`, () => {
      const found = places(withValue(small, path, value)!);
      assert.deepEqual(found, { at: [at], elsewhere: [] });
    });

  it('stand at the choice of the kind, and of the trained optimizer', () => {
    assert.deepEqual(places({}), { at: [''], elsewhere: [] });
    const compare = { kind: 'compare', problem: { name: 'quadratic' }, optimizer: { name: 'No' } };
    assert.deepEqual(places(compare), { at: ['/optimizer/name'], elsewhere: [] });
  });

  it('stand in a summary where the form has no such field', () => {
    assert.deepEqual(places({ ...small, trainings: {} }), { at: [], elsewhere: ['/trainings'] });
  });
});

describe('inputs', () => {
  const integer = field({ type: 'integer' });
  const layers = field({ type: 'array', items: { type: 'integer' } });
  const nullable = field({ type: ['number', 'null'], default: null });

  it('read numbers as people write them', () => {
    for (const [text, value] of [
      ['1e-3', 0.001],
      [' 20 ', 20],
      ['.5', 0.5],
      ['−1', -1],
      ['1e-', '1e-'],
      ['0x10', '0x10'],
      ['1e999', '1e999'],
      ['Infinity', 'Infinity'],
      ['', undefined],
    ] as const)
      assert.equal(parseInput(integer, text), value, text);
    assert.equal(parseInput(nullable, ''), null);
    assert.equal(parseInput(nullable, '2'), 2);
  });

  it('read lists', () => {
    assert.deepEqual(parseInput(layers, '20, 20'), [20, 20]);
    assert.deepEqual(parseInput(layers, '20 20,'), [20, 20]);
    assert.deepEqual(parseInput(layers, ''), []);
    assert.deepEqual(parseInput(layers, '20, x'), [20, 'x']);
    assert.deepEqual(parseInput(field({ type: 'array', items: { type: 'string' } }), 'conv*, b c'), ['conv*', 'b c']);
    assert.equal(formatInput(layers, [20, 20]), '20, 20');
  });
});

describe('words', () => {
  it('give ranges', () => {
    assert.equal(rangeOf(field({ type: 'integer', minimum: 1, maximum: 100_000 })), 'an integer from 1 to 100,000');
    assert.equal(rangeOf(field({ type: 'number', exclusiveMinimum: 0, maximum: 10 })), 'a number above 0, at most 10');
    assert.equal(rangeOf(field({ type: ['number', 'null'], minimum: 0 })), 'a number at least 0, or none');
    assert.equal(
      rangeOf(field({ type: 'array', items: { type: 'integer', minimum: 1, maximum: 9 }, maxItems: 8 })),
      'at most 8, each an integer from 1 to 9',
    );
  });

  it('give labels and first sentences', () => {
    assert.equal(labelOf('learningRate'), 'Learning rate');
    assert.equal(labelOf('beta1'), 'Beta1');
    assert.equal(labelOf('p'), 'p');
    assert.deepEqual(splitDescription('Steps. Each of them counts.'), ['Steps.', 'Each of them counts.']);
    assert.deepEqual(splitDescription('By Chen et al. 2020, arXiv.'), ['By Chen et al. 2020, arXiv.', '']);
  });
});

describe('what is added to a form', () => {
  it('begins with what the schema fixes, and leaves open what it does not', () => {
    const imitation = within(job, 'metatrain', 'training', 'imitation');
    assert.deepEqual(beginning(imitation), { rule: { name: 'sgd' } });
    const curriculum = within(job, 'metatrain', 'training', 'curriculum');
    assert.equal(curriculum.kind, 'list');
    assert.deepEqual(curriculum.kind === 'list' && beginning(curriculum.item), {});
  });
});

describe('a closed section', () => {
  const gist = (path: string[], value: Json | undefined) => gistOf(within(job, 'metatrain', ...path), value);

  it('says what it has, and what is not the default', () => {
    assert.equal(gist(['training', 'validation'], { every: 50, functions: 256 }), 'every 50');
    assert.equal(gist(['training', 'validation'], undefined), 'defaults');
    assert.equal(gist(['training', 'schedule'], { name: 'cosine', warmup: 5 }), 'cosine · warmup 5');
    assert.equal(gist(['training', 'curriculum'], undefined), 'none');
    assert.equal(gist(['comparison', 'baselines'], undefined), 'sgd, adam');
    assert.equal(gist(['optimizer', 'groups', 'groups'], undefined), 'all');
    const groups = within(job, 'metatrain', 'optimizer', 'groups', 'groups');
    assert.ok(groups.kind === 'list');
    const item = { name: 'all', parameters: ['*'], optimizer: { name: 'lstm' } };
    assert.equal(gistOf(groups.item, item), 'name all · parameters * · lstm');
    const problem = { name: 'ensemble', members: [{ problem: { name: 'simple' } }] };
    assert.equal(gist(['problem'], problem), 'ensemble');
    assert.equal(gist(['problem', 'ensemble', 'members'], problem.members), '1');
  });
});

describe('differences', () => {
  it('name each place that differs', () => {
    const before = complete(job, small)!;
    const after = complete(job, { ...small, training: { horizon: 40 }, comparison: null })!;
    const found = differences(before, after);
    assert.deepEqual(
      found.map(({ pointer }) => pointer),
      ['/training/horizon', '/comparison'],
    );
    assert.deepEqual([found[0]?.before, found[0]?.after], [20, 40]);
    assert.deepEqual(differences(before, structuredClone(before)), []);
  });

  it('name the item of a list of objects, and a whole list of numbers', () => {
    const at = (a: Json, b: Json) => differences(a, b).map(({ pointer }) => pointer);
    assert.deepEqual(at([{ a: 1 }, { a: 2 }], [{ a: 1 }, { a: 3 }]), ['/1/a']);
    assert.deepEqual(at({ x: [20, 20] }, { x: [20, 30] }), ['/x']);
    assert.deepEqual(at([{ a: 1 }], []), ['']);
  });
});

/** The field at the end of a path through objects, variants and nullables. */
function within(from: Field, ...[step, ...rest]: string[]): Field {
  if (step === undefined) return from.kind === 'nullable' ? from.field : from;
  if (from.kind === 'variants') return within(from.variants.find(({ name }) => name === step)!.object, ...rest);
  if (from.kind === 'nullable') return within(from.field, step, ...rest);
  assert.equal(from.kind, 'object');
  return within((from.kind === 'object' && from.members.find(({ name }) => name === step)!.field) as Field, ...rest);
}

it('a value in words: lists of objects are read like sentences, not like JSON', () => {
  const shown: [Json | undefined, string][] = [
    [undefined, '–'],
    [null, 'none'],
    [[], 'none'],
    [[20, 20], '20, 20'],
    [1e-8, '1e-8'],
    [
      [
        { name: 'sgd', learningRate: 'tuned' },
        { name: 'adam', learningRate: 0.1, beta1: 0.9 },
      ],
      'sgd, learningRate tuned; adam, learningRate 0.1, beta1 0.9',
    ],
  ];
  for (const [value, words] of shown) assert.equal(formatValue(value), words);
});
