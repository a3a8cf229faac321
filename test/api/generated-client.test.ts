import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { examples } from '../../src/api/examples.js';
import { runToEnd } from '../e2e/processes.js';
import { findPython, root } from '../weights/python-environment.js';
import { withApi } from './support.js';

const { python, missing } = await findPython();
const api = withApi();

test('a client generated from openapi.yaml works with a live service', { skip: missing }, async () => {
  const { code, stdout, stderr } = await runToEnd(python, [join(root, 'test/api/generated_client.py'), api.url]);
  assert.equal(code, 0, stderr);
  const { job, examples: checked } = JSON.parse(stdout);
  assert.match(job, /^j/);
  assert.equal(checked, Object.keys(examples).length);
});
