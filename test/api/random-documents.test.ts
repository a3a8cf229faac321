import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, it, test } from 'node:test';
import { promisify } from 'node:util';
import { handle } from '../../bench/documents.js';
import { randomBodies } from '../../bench/random-documents.js';
import type { ErrorDocument } from '../../src/contract/errors.js';
import { maxErrors } from '../../src/contract/errors.js';
import { maxValues } from '../../src/contract/json.js';
import { start } from '../cli/command.js';
import { withRedis } from '../support/redis.js';

const seed = 14;
const count = 5000;

/** Values in a parsed document, itself included. */
function countValues(value: unknown): number {
  let values = 0;
  for (const waiting = [value]; waiting.length > 0; values++) {
    const next = waiting.pop();
    if (typeof next === 'object' && next !== null) for (const inner of Object.values(next)) waiting.push(inner);
  }
  return values;
}

test('no document or upload makes the service process more values than a few long jobs have', async (t) => {
  const parse = JSON.parse;
  let values = 0;
  t.mock.method(JSON, 'parse', (text: string) => {
    const parsed: unknown = parse(text);
    values = Math.max(values, countValues(parsed));
    return parsed;
  });
  const outcomes: Record<string, number> = {};
  let most = 0;
  for (const body of randomBodies(count, seed)) {
    values = 0;
    const outcome = `${body.kind}: ${await handle(body)}`;
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    assert.ok(values <= maxValues, `${body.what}: ${values} values`);
    most = Math.max(most, values);
  }
  assert.ok(most > maxValues / 2, `the longest had ${most} values: the limit was not tested`);
  // Every kind occurs.
  const kinds = ['document: kept', 'document: invalid-document', 'document: malformed-json'];
  for (const kind of [...kinds, 'upload: kept', 'upload: invalid-weights'])
    assert.ok(outcomes[kind]! > 50, `${kind}: ${outcomes[kind]}`);
});

describe('the service, given 5,000 random documents and uploads', () => {
  const redis = withRedis();
  let server: ReturnType<typeof start>;
  let url = '';
  before(async () => {
    server = start(['api', '--redis', redis.url, '--data', redis.folder, '--port', '0', '--log-level', 'warn'], {
      cwd: redis.folder,
    });
    [, url = ''] = await server.until('stderr', /Serving at (\S+)/);
  });
  after(() => server.child.kill('SIGKILL'));

  it('refuses or accepts each, lists at most twenty errors, and needs no more memory', async () => {
    let done = 0;
    let early = 0;
    for (const body of randomBodies(count, seed)) {
      const upload = body.kind === 'upload';
      const response = await fetch(url + (upload ? '/optimizers?name=random' : '/jobs'), {
        method: 'POST',
        headers: { 'content-type': upload ? 'application/vnd.safetensors' : 'application/json' },
        body: new Uint8Array(body.bytes),
      });
      const answer = (await response.json()) as ErrorDocument;
      assert.ok(response.status === 201 || response.status === 400, `${body.what}: ${response.status}`);
      assert.ok((answer.errors?.length ?? 0) <= maxErrors, `${body.what}: ${answer.errors?.length} errors`);
      done += 1;
      if (done === 100) early = await residentMemory(server.child.pid!);
    }
    const grown = (await residentMemory(server.child.pid!)) - early;
    assert.ok(grown <= 64 * 2 ** 20, `resident memory has grown by ${(grown / 2 ** 20).toFixed(0)} MiB`);
  });
});

/** Bytes. */
async function residentMemory(pid: number): Promise<number> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)]);
  return Number(stdout) * 1024;
}
