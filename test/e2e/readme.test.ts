import assert from 'node:assert/strict';
import { access, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { decodeWeights } from '../../src/weights/weights.js';
import { createTemporaryFolder } from '../support/redis.js';
import { root, runToEnd, type ServeProcess, startServe } from './processes.js';

/** The README's own text, run: its walk in one shell, against a service on another port than the one it names. */

describe('the README', () => {
  let folder: Awaited<ReturnType<typeof createTemporaryFolder>>;
  let service: ServeProcess;
  before(async () => {
    folder = await createTemporaryFolder();
    service = await startServe(join(folder.path, 'data'));
  });
  after(async () => {
    assert.equal(await service.stop(), 0);
    await folder.remove();
  });

  it('walks with curl and a WebSocket from a job to its weights and results', async (t) => {
    if (process.env.CI === undefined && (await runToEnd('curl', ['--version']).catch(() => null)) === null)
      return t.skip('There is no curl: install it (Debian, Ubuntu: apt-get install curl).');
    const readme = await readFile(join(root, 'README.md'), 'utf8');
    const blocks = [...readme.matchAll(/<!-- walk -->\n```sh\n([^`]*(?:`[^`]+)*?)```/g)].map(([, block]) => block!);
    assert.equal(blocks.length, 4);
    const marked = blocks.map((block, i) => `echo "== ${i}"\n${block}`).join('\n');
    const script = marked.replaceAll('127.0.0.1:7878', new URL(service.url).host);
    // `require` and the file of weights look to the folder at hand, in which a reader has the checkout.
    await symlink(join(root, 'node_modules'), join(folder.path, 'node_modules'));
    // `head` ends before curl does, hence no pipefail.
    const { code, stdout, stderr } = await runToEnd('bash', ['-euc', script], folder.path);
    assert.equal(code, 0, stdout + stderr);
    const [submitted, live, events, fetched] = stdout.split(/== \d\n/).slice(1) as [string, string, string, string];

    assert.match(submitted, /^j[0-9a-x]{18}\n$/);
    const id = submitted.trim();
    const messages = live.trim().split('\n');
    assert.match(messages[0]!, new RegExp(`^{"job":"${id}","attempt":0,"seq":1,.*"state":"queued"`));
    assert(messages.some((message) => message.includes('"type":"losses"')));
    assert.match(messages.at(-1)!, /"state":"succeeded"/);
    assert.match(events, /^id: 0\.1\nevent: state$/m);
    assert.match(fetched, /"mean":\[[-0-9.,e]+\]/);
    assert.match(fetched, /^LSTM: \d+\.\d\d\nSGD .*\(tuned\): \d+\.\d\d\nAdam .*\(tuned\): \d+\.\d\d$/m);
    const { provenance } = decodeWeights(await readFile(join(folder.path, 'weights.safetensors')));
    assert.equal(provenance.iterations, 300);
  });

  it('links to files that are there', async () => {
    for (const name of ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md']) {
      const text = await readFile(join(root, name), 'utf8');
      for (const [, target] of text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)) await access(join(root, target!));
    }
  });
});
