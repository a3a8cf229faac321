import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { catalogue } from '../../src/contract/catalogue.js';
import { parseJobSpec } from '../../src/contract/validate.js';
import type { Field, ObjectField } from '../../src/dashboard/forms/field.js';
import { jobField, referencesOf } from '../../src/dashboard/forms/job-field.js';
import type { Json } from '../../src/dashboard/forms/json.js';
import { SchemaReader } from '../../src/dashboard/forms/read-schema.js';
import { complete, minimal } from '../../src/dashboard/forms/values.js';

/** Every field of a form, each once, however deep problems contain problems. */
function* fieldsIn(field: Field, seen = new Set<ObjectField>()): Generator<Field> {
  yield field;
  for (const inner of partsOf(field, seen)) yield* fieldsIn(inner, seen);
}

function partsOf(field: Field, seen: Set<ObjectField>): readonly Field[] {
  switch (field.kind) {
    case 'object':
      if (seen.has(field)) return [];
      seen.add(field);
      return field.members.map((member) => member.field);
    case 'variants':
      return field.variants.map(({ object }) => object);
    case 'presence':
      return [field.present, field.absent];
    case 'nullable':
      return [field.field];
    case 'either':
      return field.options;
    case 'list':
      return [field.item];
    default:
      return [];
  }
}

const job = jobField(catalogue);

describe('the form', () => {
  it('knows every keyword of a job’s document', () => {
    const fields = [...fieldsIn(job)];
    assert.ok(fields.length > 200, String(fields.length));
    assert.deepEqual(
      fields.filter(({ kind }) => kind === 'json').map((field) => (field as { reason: string }).reason),
      [],
    );
  });

  it('knows every keyword of the catalogue', () => {
    const { problems, rules, learned, preprocessings } = catalogue;
    for (const { name, schema } of [...problems, ...rules, ...learned, ...preprocessings]) {
      const [field, ...others] = fieldsIn(new SchemaReader(referencesOf(catalogue)).read(schema as never));
      assert.equal(field?.kind, 'object', name);
      assert.deepEqual(
        others.filter(({ kind }) => kind === 'json'),
        [],
        name,
      );
    }
  });

  it('requires only what has no default', () => {
    const unsaid = [...fieldsIn(job)]
      .flatMap((field) => (field.kind === 'object' ? field.members : []))
      .filter(({ field, isRequired }) => isRequired && field.default !== undefined);
    assert.deepEqual(unsaid, []);
  });

  it('says which keyword it does not know, and offers JSON', () => {
    const field = new SchemaReader({}).read({ type: 'integer', multipleOf: 3, default: 3, description: 'A multiple.' });
    assert.deepEqual(field, {
      kind: 'json',
      title: '',
      description: 'A multiple.',
      default: 3,
      reason: 'the keyword multipleOf',
    });
  });
});

const folder = 'examples/specs';
const examples = await Promise.all(
  (await readdir(folder)).map(
    async (name) => [name, parse(await readFile(`${folder}/${name}`, 'utf8')) as Json] as const,
  ),
);

describe('documents', () => {
  for (const [name, document] of examples) {
    it(`have the service’s defaults: ${name}`, () => {
      const whole = parseJobSpec(document) as unknown as Json;
      assert.deepEqual(complete(job, document), whole);
      const short = minimal(job, whole)!;
      assert.deepEqual(parseJobSpec(short), whole);
      assert.deepEqual(minimal(job, short), short, 'nothing more to leave out');
    });
  }

  it('keep only what differs from the defaults', () => {
    const document = { kind: 'metatrain', problem: { name: 'quadratic' }, optimizer: { name: 'lstm' } };
    const changed = { ...document, training: { horizon: 100, unroll: 20 }, seed: 2 };
    assert.deepEqual(minimal(job, parseJobSpec(document) as unknown as Json), document);
    assert.deepEqual(minimal(job, parseJobSpec(changed) as unknown as Json), {
      ...document,
      seed: 2,
      training: { horizon: 100 },
    });
  });

  it('keep what they should not have, for the service to refuse', () => {
    const document = { kind: 'metatrain', problem: { name: 'nowhere', size: 3 }, optimizer: 7, more: [1] };
    assert.deepEqual(minimal(job, document), document);
  });
});
