import assert from 'node:assert/strict';
import { test } from 'node:test';
import { negotiate } from '../../src/api/negotiate.js';

const offers = ['application/vnd.safetensors', 'application/octet-stream', 'application/json'];

test('the type that the client prefers, and our first among equals', () => {
  const cases: [string | undefined, string | null][] = [
    [undefined, 'application/vnd.safetensors'],
    ['*/*', 'application/vnd.safetensors'],
    ['application/*', 'application/vnd.safetensors'],
    ['application/json', 'application/json'],
    ['APPLICATION/JSON; charset=utf-8', 'application/json'],
    ['application/json;q=0.5, application/octet-stream;q=0.6', 'application/octet-stream'],
    ['application/vnd.safetensors;q=0, */*', 'application/octet-stream'],
    ['application/vnd.safetensors;q=0.1, */*;q=0.2', 'application/octet-stream'],
    ['text/html, application/json;q=0.9, */*;q=0.1', 'application/json'],
    ['text/html', null],
    ['application/json;q=0', null],
    ['application/json;q=nonsense', null],
    ['', null],
    ['text/html, image/*', null],
  ];
  for (const [accept, expected] of cases) assert.equal(negotiate(accept, offers), expected, `Accept: ${accept}`);
});
