import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { describeApi } from '../../src/api/openapi.js';
import { JobSpec } from '../../src/contract/spec.js';
import { parseJobSpec } from '../../src/contract/validate.js';
import { createTemporaryFolder } from '../support/redis.js';

/** The repository's file, from dist/test/api. */
const file = new URL('../../../openapi.yaml', import.meta.url);

test('openapi.yaml matches the routes', async () => {
  assert.equal(await readFile(file, 'utf8'), await describeApi(), 'run node dist/src/api/openapi.js');
});

test('the command writes the file, and with --check reports a stale one', async () => {
  const { path: cwd, remove } = await createTemporaryFolder();
  const script = fileURLToPath(new URL('../../src/api/openapi.js', import.meta.url));
  const run = (...options: string[]) =>
    promisify(execFile)(process.execPath, [script, ...options], { cwd }).then(
      () => 0,
      ({ code, stderr }) => {
        assert.match(stderr, /openapi\.yaml is stale/);
        return code;
      },
    );
  try {
    assert.equal(await run(), 0);
    assert.equal(await run('--check'), 0);
    await appendFile(join(cwd, 'openapi.yaml'), '# changed\n');
    assert.equal(await run('--check'), 1);
  } finally {
    await remove();
  }
});

test('openapi.yaml is valid OpenAPI 3.1', async () => {
  const validator = new Validator();
  const result = await validator.validate(parse(await readFile(file, 'utf8')));
  assert.deepEqual(result.errors ?? [], []);
  assert.equal(result.valid, true);
  assert.equal(validator.version, '3.1');
});

test('every reference resolves, and every component is used', async () => {
  const document = parse(await readFile(file, 'utf8'));
  const components = Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`);
  const references = new Set<string>();
  JSON.stringify(document, (key, value) => {
    if (key === '$ref') references.add(value);
    return value;
  });
  assert.deepEqual([...references].sort(), components.sort());
});

test('POST /jobs accepts its examples', async () => {
  const document = parse(await readFile(file, 'utf8'));
  const { schema, examples } = document.paths['/jobs'].post.requestBody.content['application/json'];
  assert.deepEqual(schema, { $ref: '#/components/schemas/JobSpec' });
  assert(Object.keys(examples).length >= 3);
  for (const example of Object.values<{ value: unknown }>(examples)) parseJobSpec(example.value);
});

test('documents without their defaults match the schema of requests, complete ones that of responses', async () => {
  const document = parse(await readFile(file, 'utf8'));
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
  ajv.addSchema(document, 'openapi.yaml');
  const isValid = (name: string, value: unknown) => {
    const valid = ajv.validate({ $ref: `openapi.yaml#/components/schemas/${name}` }, value);
    return valid ? '' : ajv.errorsText();
  };
  const shown: [string, unknown][] = [];
  for (const [path, operations] of Object.entries<Record<string, object>>(document.paths))
    for (const operation of Object.values(operations)) {
      const { requestBody, parameters = [] } = operation as { requestBody?: Body; parameters?: Parameter[] };
      for (const { examples = {} } of Object.values(requestBody?.content ?? {}))
        for (const [name, { value }] of Object.entries(examples)) shown.push([`${path} ${name}`, value]);
      for (const { name, required, schema } of parameters)
        if ('default' in schema) assert.notEqual(required, true, `${path}: ${name} is required, and has a default`);
    }
  assert.ok(shown.length >= 4);
  for (const page of ['README.md', 'docs/api.md']) {
    const text = await readFile(new URL(`../../../${page}`, import.meta.url), 'utf8');
    const [, given] = /-d '(\{\n {2}"kind"[^']*)'/.exec(text) ?? [];
    shown.push([page, JSON.parse(given!)]);
  }
  for (const [name, value] of shown) {
    assert.equal(isValid('JobSpec', value), '', name);
    assert.equal(isValid('CompleteJobSpec', parseJobSpec(value)), '', name);
    assert.notEqual(isValid('CompleteJobSpec', value), '', name);
    assert.notEqual(isValid('JobSpec', { ...(value as object), unknown: 1 }), '', name);
  }
});

interface Body {
  readonly content: Record<string, { readonly examples?: Record<string, { readonly value: unknown }> }>;
}
interface Parameter {
  readonly name: string;
  readonly required?: boolean;
  readonly schema: object;
}

test('the document’s JobSpec is the contract’s, with references resolved', async () => {
  const document = parse(await readFile(file, 'utf8'));
  const inner = '#/components/schemas/ProblemSpec';
  const resolve = (node: unknown, isInner = false): unknown => {
    if (Array.isArray(node)) return node.map((item) => resolve(item, item?.$ref === inner));
    if (typeof node !== 'object' || node === null) return node;
    const { $ref, ...rest } = node as Record<string, unknown>;
    const fields = Object.fromEntries(Object.entries(rest).map(([k, v]) => [k, resolve(v)]));
    if (typeof $ref !== 'string') return fields;
    // A problem within another, or within the training, refers to the schema that the service publishes.
    if (isInner) return { $ref: `openapi.yaml${$ref}`, ...fields };
    const target = resolve(document.components.schemas[$ref.split('/').at(-1)!]);
    return { ...(target as object), ...fields };
  };
  assert.deepEqual(
    normalise(resolve(document.components.schemas.JobSpec)),
    normalise(JSON.parse(JSON.stringify(JobSpec))),
  );
});

/** Removes two differences of form: a discriminator's mapping, and `type: [object, null]` for a reference or null. */
function normalise(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(normalise);
  if (typeof node !== 'object' || node === null) return node;
  const { anyOf, discriminator, ...rest } = node as Record<string, unknown>;
  const fields = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, normalise(value)]));
  if (discriminator) fields.discriminator = { propertyName: (discriminator as { propertyName: string }).propertyName };
  if (!Array.isArray(anyOf)) return fields;
  const [variant, nothing] = anyOf;
  if (anyOf.length !== 2 || nothing.type !== 'null' || typeof variant.type !== 'string')
    return { ...fields, anyOf: normalise(anyOf) };
  return { ...(normalise(variant) as object), ...fields, type: [variant.type, 'null'] };
}
