import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ErrorCode, type ErrorDocument, errorCodes } from '../../src/contract/errors.js';
import { malformedDocuments } from './malformed.js';
import { withApi } from './support.js';

const api = withApi();

test('malformed documents are refused, each with a problem document, and none reaches the queue', async () => {
  await api.submit();
  const state = async () => ({
    queue: await api.queueCounts(),
    jobs: (await api.request('GET', '/jobs')).json(),
  });
  const before = await state();
  const documents = malformedDocuments();
  assert(documents.length >= 200, `${documents.length} documents`);
  for (const { name, body, contentType = 'application/json', pointer } of documents) {
    const answer = await api.request('POST', '/jobs', { body, headers: { 'content-type': contentType } });
    assert(answer.status >= 400 && answer.status < 500, `${name}: ${answer.status}`);
    assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/, name);
    const problem = answer.json<ErrorDocument>();
    const [status, title] = errorCodes[problem.code as ErrorCode];
    assert.deepEqual([problem.status, problem.title], [status, title], name);
    assert.equal(answer.status, status, name);
    assert(problem.detail.length > 10, name);
    if (pointer === undefined) continue;
    const pointers = problem.errors?.map((error) => error.pointer) ?? [];
    assert(pointers.includes(pointer), `${name}: expected a pointer to ${pointer}, got ${answer.bytes}`);
  }
  assert.deepEqual(await state(), before);
});

test('no refused key has reached Object.prototype', () => {
  assert.equal('polluted' in {}, false);
});
