import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Job } from '../../src/contract/job.js';
import { sampleSpec, withApi } from '../api/support.js';
import { sampleResults } from '../figures/results-sample.js';
import { createTemporaryFolder } from '../support/redis.js';
import { command } from './command.js';

/** Clears the screen, sets the window title, begins a C1 sequence, reverses text, hides characters, breaks lines. */
const hostile = 'a\x1b[2Jb\x1b]0;owned\x07c\u009b31md\u202ee\u200bf\ufeffg\nh\ri\x7fj';
const escaped = 'a\\u001b[2Jb\\u001b]0;owned\\u0007c\\u009b31md\\u202ee\\u200bf\\ufeffg\\u000ah\\u000di\\u007fj';
/** In messages, line breaks are kept. */
const escapedLines = escaped.replace('\\u000a', '\n');

const hidden = /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

describe('text that others have written, on a terminal', () => {
  const api = withApi();
  let folder: Awaited<ReturnType<typeof createTemporaryFolder>>;
  let cwd: string;
  before(async () => {
    folder = await createTemporaryFolder();
    cwd = folder.path;
  });
  after(() => folder.remove());
  const run = async (...args: string[]) => {
    const { stdout, stderr } = await command(args, { cwd });
    assert.doesNotMatch(stdout + stderr, hidden, args.join(' '));
    return stdout + stderr;
  };

  it('is escaped in titles and failures of old jobs, created before such titles were refused', async () => {
    const { job } = await api.jobs.create({ ...sampleSpec(), title: hostile });
    const attempt = await api.attempts.begin(job.id);
    await attempt!.fail({ code: 'internal', message: hostile });
    const answer = await api.request('GET', `/jobs/${job.id}`);
    assert.equal(answer.status, 200);
    assert.equal(answer.json<Job>().spec.title, hostile);
    const at = ['--server', api.url];
    const list = await run('jobs', ...at);
    assert.ok(list.trimEnd().split('\n').at(-1)!.endsWith(`   ${escaped}`), list);
    const json = JSON.parse(await run('jobs', '--json', ...at));
    assert.equal(json.jobs[0].spec.title, hostile, 'JSON keeps its value');
    assert.ok((await run('watch', job.id, ...at)).includes(`failed: ${escapedLines}\n`));
  });

  it('is escaped in responses of a service', async () => {
    const results = sampleResults(
      [
        [3, 2, 1],
        [4, 3, 2],
      ],
      [hostile, 'SGD'],
    );
    const server = createServer((request, response) => {
      const isResults = request.url?.endsWith('/results');
      response.writeHead(isResults ? 200 : 404, {
        'content-type': isResults ? 'application/json' : 'application/problem+json',
      });
      const problem = { type: 'about:blank', title: hostile, status: 404, code: 'not-found', detail: hostile };
      response.end(JSON.stringify(isResults ? results : problem));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const at = ['--server', `http://127.0.0.1:${(server.address() as AddressInfo).port}`];
    assert.ok((await run('cancel', 'j0', ...at)).includes(escapedLines));
    assert.ok((await run('results', 'j0', ...at)).includes(escaped));
    server.close();
  });

  it('is escaped in the names of files, in options, documents and plugins', async () => {
    assert.match(await run('train', `${hostile}.yaml`), /^a\\u001b\[2Jb[\s\S]*cannot be read/);
    assert.match(await run('jobs', `--${hostile}`), /unknown option '--a\\u001b\[2Jb/);
    await writeFile(join(cwd, 'hostile.mjs'), `throw new Error(${JSON.stringify(hostile)});`);
    assert.ok((await run('train', '-', '--plugin', 'hostile.mjs')).includes(escapedLines));
    await writeFile(join(cwd, 'hostile.yaml'), JSON.stringify({ ...sampleSpec(), kind: hostile }));
    assert.match(await run('train', 'hostile.yaml'), /\/kind: found "a\\u001b/);
  });
});
