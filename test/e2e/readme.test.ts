import assert from 'node:assert/strict';
import { access, readdir, readFile, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { decodeWeights } from '../../src/weights/weights.js';
import { createTemporaryFolder } from '../support/redis.js';
import { root, runToEnd, type ServeProcess, startServe } from './processes.js';

/** Runs the README's commands in one shell, against a service on another port than the README's. */

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

  /**
   * Runs the commands of a page in one shell, as its reader does. @returns the output of each block; null if skipped
   */
  const walk = async (t: TestContext, page: string): Promise<string[] | null> => {
    if (process.env.CI === undefined && (await runToEnd('curl', ['--version']).catch(() => null)) === null) {
      t.skip('curl is missing: install it (Debian, Ubuntu: apt-get install curl).');
      return null;
    }
    const text = await readFile(join(root, page), 'utf8');
    const blocks = [...text.matchAll(/<!-- walk -->\n```sh\n([^`]*(?:`[^`]+)*?)```/g)].map(([, block]) => block!);
    const marked = blocks.map((block, i) => `echo "== ${i}"\n${block}`).join('\n');
    const script = marked.replaceAll('127.0.0.1:7878', new URL(service.url).host);
    // `require` and the weights file are relative to the current folder, which is a reader's checkout.
    await symlink(join(root, 'node_modules'), join(folder.path, 'node_modules')).catch(() => {});
    // `head` ends before curl does, hence no pipefail.
    const { code, stdout, stderr } = await runToEnd('bash', ['-euc', script], folder.path);
    assert.equal(code, 0, stdout + stderr);
    return stdout.split(/== \d\n/).slice(1);
  };
  const isJob = /^j[0-9a-x]{18}\n$/;
  const isResults = /^LSTM: \d+\.\d\d\nSGD .*\(tuned\): \d+\.\d\d\nAdam .*\(tuned\): \d+\.\d\d$/m;

  it('has curl commands from a job to its weights and results', async (t) => {
    const printed = await walk(t, 'README.md');
    if (!printed) return;
    const [submitted, fetched] = printed;
    assert.match(submitted!, isJob);
    assert.match(fetched!, /^"type":"validation","iteration":300,/m);
    assert.match(fetched!, isResults);
  });

  it('has commands in docs/api.md with a WebSocket too', async (t) => {
    const printed = await walk(t, 'docs/api.md');
    if (!printed) return;
    const [submitted, live, events, listed, followed, fetched] = printed;
    assert.match(submitted!, isJob);
    const id = submitted!.trim();
    const messages = live!.trim().split('\n');
    assert.match(messages[0]!, new RegExp(`^{"job":"${id}","attempt":0,"seq":1,.*"state":"queued"`));
    assert(messages.some((message) => message.includes('"type":"losses"')));
    assert.match(messages.at(-1)!, /"state":"succeeded"/);
    assert.match(events!, /^id: 0\.1\nevent: state$/m);
    assert.match(listed!, new RegExp(`^${id} succeeded \\d+ buckets$`, 'm'));
    assert.match(followed!, new RegExp(`^event: jobs\ndata: \\{"cursor":".*","jobs":\\[\\{"id":"${id}"`, 'm'));
    assert.match(fetched!, /"mean":\[[-0-9.,e]+\]/);
    assert.match(fetched!, isResults);
    const { provenance } = decodeWeights(await readFile(join(folder.path, 'weights.safetensors')));
    assert.equal(provenance.iterations, 300);
  });

  it('and the other pages link to existing files', async () => {
    const pages = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md', 'examples/optimizers/README.md'];
    for (const name of await readdir(join(root, 'docs'))) pages.push(`docs/${name}`);
    for (const page of pages.filter((name) => name.endsWith('.md'))) {
      const text = await readFile(join(root, page), 'utf8');
      for (const [, target] of text.matchAll(/\]\((?!https?:|#)([^)#]+)/g))
        await access(join(root, dirname(page), target!));
    }
  });
});
