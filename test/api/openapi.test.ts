import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Validator } from '@seriousme/openapi-schema-validator';
import { parse } from 'yaml';
import { describeApi } from '../../src/api/openapi.js';
import { JobSpec } from '../../src/contract/spec.js';
import { parseJobSpec } from '../../src/contract/validate.js';
import { createTemporaryFolder } from '../support/redis.js';

/** The repository's own file, from dist/test/api. */
const file = new URL('../../../openapi.yaml', import.meta.url);

test('openapi.yaml is what the routes say', async () => {
  assert.equal(await readFile(file, 'utf8'), await describeApi(), 'write it again: node dist/src/api/openapi.js');
});

test('the command writes the file, and with --check tells a stale one', async () => {
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

test('every reference leads somewhere, and every component is referred to', async () => {
  const document = parse(await readFile(file, 'utf8'));
  const components = Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`);
  const references = new Set<string>();
  JSON.stringify(document, (key, value) => {
    if (key === '$ref') references.add(value);
    return value;
  });
  assert.deepEqual([...references].sort(), components.sort());
});

test('the examples beside POST /jobs are documents that it takes', async () => {
  const document = parse(await readFile(file, 'utf8'));
  const { schema, examples } = document.paths['/jobs'].post.requestBody.content['application/json'];
  assert.deepEqual(schema, { $ref: '#/components/schemas/JobSpec' });
  assert(Object.keys(examples).length >= 3);
  for (const example of Object.values<{ value: unknown }>(examples)) parseJobSpec(example.value);
});

test('the document’s JobSpec is the contract’s, references resolved', async () => {
  const document = parse(await readFile(file, 'utf8'));
  const resolve = (node: unknown, within: readonly string[] = []): unknown => {
    if (Array.isArray(node)) return node.map((item) => resolve(item, within));
    if (typeof node !== 'object' || node === null) return node;
    const { $ref, ...rest } = node as Record<string, unknown>;
    const fields = Object.fromEntries(Object.entries(rest).map(([k, v]) => [k, resolve(v, within)]));
    if (typeof $ref !== 'string') return fields;
    // A problem that holds a problem refers to where the service publishes the schema.
    if (within.includes($ref)) return { $ref: `openapi.yaml${$ref}`, ...fields };
    const target = resolve(document.components.schemas[$ref.split('/').at(-1)!], [...within, $ref]);
    return { ...(target as object), ...fields };
  };
  assert.deepEqual(
    normalise(resolve(document.components.schemas.JobSpec)),
    normalise(JSON.parse(JSON.stringify(JobSpec))),
  );
});

/** Two ways of writing the same: a discriminator's mapping, and `type: [object, null]` for a reference or null. */
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
