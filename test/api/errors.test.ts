import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { type ErrorCode, type ErrorDocument, errorCodes } from '../../src/contract/errors.js';
import { type RequestOptions, withApi } from './support.js';

const api = withApi();

const unknown = 'j000000000000000000';
const cases: [string, string, ErrorCode, RequestOptions?][] = [
  ['GET', '/nowhere', 'not-found'],
  ['GET', '/docs/static/nothing.js', 'not-found'],
  ['GET', '/jobs/%ff', 'not-found'],
  ['GET', `/jobs/${'x'.repeat(200)}`, 'not-found'],
  ['GET', '/jobs/..%2f..%2fetc', 'not-found'],
  ['GET', `/jobs/${unknown}`, 'not-found'],
  ['GET', `/jobs/${unknown}/losses`, 'not-found'],
  ['GET', `/jobs/${unknown}/events`, 'not-found'],
  ['GET', `/jobs/${unknown}/weights`, 'not-found'],
  ['GET', `/jobs/${unknown}/results`, 'not-found'],
  ['GET', `/jobs/${unknown}/artifacts`, 'not-found'],
  ['GET', `/jobs/${unknown}/artifacts/x`, 'not-found'],
  ['POST', `/jobs/${unknown}/cancel`, 'not-found'],
  ['DELETE', `/jobs/${unknown}`, 'not-found'],
  ['PUT', '/jobs', 'method-not-allowed'],
  ['PUT', '/jobs', 'method-not-allowed', { body: '{' }],
  ['DELETE', '/jobs', 'method-not-allowed'],
  ['OPTIONS', '/healthz', 'method-not-allowed'],
  ['GET', `/jobs/${unknown}/cancel`, 'method-not-allowed'],
  ['POST', '/docs', 'method-not-allowed'],
  ['GET', `/jobs/${unknown}/stream`, 'upgrade-required'],
  ['GET', `/jobs/${unknown}/weights`, 'not-acceptable', { headers: { accept: 'image/png' } }],
  ['POST', `/jobs/${unknown}/cancel`, 'invalid-document', { body: { force: true } }],
  ['POST', `/jobs/${unknown}/cancel`, 'not-found', { body: 'x', headers: { 'content-type': 'text/plain' } }],
  ['POST', '/jobs', 'unsupported-media-type', { body: 'x', headers: { 'content-type': 'text/plain' } }],
  ['POST', '/jobs', 'invalid-document'],
  ['POST', '/jobs', 'malformed-json', { body: '' }],
  ['POST', '/jobs', 'body-too-large', { body: ' '.repeat(2 ** 20 + 1) }],
  ['POST', '/jobs?dry=1', 'invalid-document', { body: {} }],
  ['GET', '/jobs?cursor=nonsense', 'invalid-cursor'],
  ...[
    'limit=1e2',
    'limit=0x10',
    'limit=%205',
    'limit=5.0',
    'limit=',
    'limit=0',
    'limit=201',
    'limit=-1',
    'limit=05',
  ].map(refused),
  ...['limit=99999999999999999999', 'limit=1&limit=2', 'state=done', 'state=', 'label=', 'page=2', '__proto__=1'].map(
    refused,
  ),
  ...['from=-1', 'from=5&to=4', 'to=1.5', 'points=0', 'points=10001', 'points=NaN', 'x'].map(
    (query): [string, string, ErrorCode] => ['GET', `/jobs/${unknown}/losses?${query}`, 'invalid-document'],
  ),
  ...['', '/weights', '/events', '/stream', '/results', '/artifacts', '/artifacts/x'].flatMap(
    (path): [string, string, ErrorCode][] =>
      path === '/stream' ? [] : [['GET', `/jobs/${unknown}${path}?verbose=1`, 'invalid-document']],
  ),
  ...['/', '/catalogue', '/healthz', '/readyz', '/openapi.yaml'].map((path): [string, string, ErrorCode] => [
    'GET',
    `${path}?verbose=1`,
    'invalid-document',
  ]),
];

function refused(query: string): [string, string, ErrorCode] {
  return ['GET', `/jobs?${query}`, 'invalid-document'];
}

test('every error is a problem document with its code', async () => {
  for (const [method, path, code, options] of cases) {
    const answer = await api.request(method, path, options);
    const name = `${method} ${path.slice(0, 80)}: ${answer.status} ${answer.bytes}`;
    assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/, name);
    const problem = answer.json<ErrorDocument>();
    assert.equal(problem.code, code, name);
    assert.equal(answer.status, errorCodes[code][0], name);
    assert.equal(problem.status, answer.status, name);
    if (code === 'method-not-allowed') assert.match(answer.headers.get('allow') ?? '', /GET|POST/, name);
  }
});

test('an invalid query parameter has a pointer and the allowed values', async () => {
  const answer = await api.request('GET', '/jobs?limit=1e2&page=2');
  assert.deepEqual(answer.json().errors, [
    {
      pointer: '/page',
      found: '"2"',
      allowed: 'no such field; known ones are state, label, problem, title, fields, cursor, limit',
    },
    { pointer: '/limit', found: '"1e2"', allowed: 'an integer at least 1, at most 200' },
  ]);
});

test('invalid HTTP gets a problem document too', async () => {
  const { hostname, port } = new URL(api.url);
  const upgrade = 'Host: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n';
  for (const text of [
    'nonsense\r\n\r\n',
    `GET / HTTP/1.1\r\nHost: x\r\nLong: ${'x'.repeat(20_000)}\r\n\r\n`,
    'POST /jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n',
    `GET /healthz HTTP/1.1\r\n${upgrade}\r\n`,
  ]) {
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => socket.write(text));
      let received = '';
      socket.on('data', (data) => {
        received += data;
        if (received.endsWith('}')) socket.end();
      });
      socket.on('close', () => resolve(received));
      socket.on('error', reject);
    });
    assert.match(answer, /^HTTP\/1.1 400 /);
    assert.match(answer, /content-type: application\/problem\+json/i);
    assert.equal(JSON.parse(answer.slice(answer.indexOf('{'))).code, 'malformed-request');
  }
});
