import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { plottedCurve } from '../browser/curve.js';
import { chromiumMissing, launchChromium, openPage } from '../support/chromium.js';
import { nativeMissing } from '../support/native.js';
import { createTemporaryFolder } from '../support/redis.js';
import { freshCheckout } from './fresh-checkout.js';
import { root, runToEnd } from './processes.js';

// Slow: it installs every dependency and builds, as on a user's machine; npm's cache spares the downloads. Only the native
// engine is there: the set-up of the tests has compiled it, as it does for a user, and it takes two cores for a minute.
test("the README's first command plots a first point, and docs/plugins.md leads to a problem of one's own", {
  skip: chromiumMissing(),
}, async (t) => {
  const folder = await createTemporaryFolder();
  const browser = await launchChromium();
  try {
    const clone = join(folder.path, 'metadescent');
    await freshCheckout(clone);
    if (!nativeMissing()) await cp(join(root, 'dist/native'), join(clone, 'dist/native'), { recursive: true });
    const began = performance.now();
    const quickstart = start(clone);
    try {
      const address = await quickstart.says(/http:\S+\/ui\/jobs\/\w+/);
      const { page, complaints, close } = await openPage(browser, {});
      await page.goto(address);
      await plottedCurve(page);
      t.diagnostic(
        `${((performance.now() - began) / 1000).toFixed(0)} s from the first command to the first plotted point`,
      );
      assert.deepEqual(complaints, []);
      await close();
    } finally {
      await quickstart.stop();
    }
    const plotted = performance.now();
    const { code, stdout, stderr } = await runToEnd('bash', ['-euc', await stepsOf('docs/plugins.md', clone)], clone);
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout + stderr, /Files: runs\/my-job$/m);
    t.diagnostic(
      `${((performance.now() - plotted) / 1000).toFixed(0)} s from there to the first run of a problem of one's own`,
    );
  } finally {
    await browser.close();
    await folder.remove();
  }
});

/** The commands that a page marks to be walked through. */
async function stepsOf(page: string, clone: string): Promise<string> {
  const text = await readFile(join(clone, page), 'utf8');
  const [, commands] = /<!-- walk -->\n```sh\n([^`]+)```/.exec(text) ?? [];
  assert.ok(commands, `${page} has commands`);
  return commands;
}

/** `npm run quickstart` in a folder, in a process group of its own as in a terminal. */
function start(cwd: string) {
  // Those of the npm that runs this test would name its own folder.
  const own = Object.entries(process.env).filter(([name]) => !/^npm_|^(METADESCENT_DATA|REDIS_URL|PORT)$/i.test(name));
  const env = { ...Object.fromEntries(own), npm_config_prefer_offline: 'true' };
  const child = spawn('npm', ['run', 'quickstart'], { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const closed = once(child, 'close');
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      child.emit('said');
    });
  return {
    async says(pattern: RegExp): Promise<string> {
      for (;;) {
        const [found] = pattern.exec(said) ?? [];
        if (found) return found;
        if (child.exitCode !== null) throw new Error(`quickstart ended: ${said}`);
        await Promise.race([once(child, 'said'), closed]);
      }
    },
    /** As Ctrl-C does. */
    async stop(): Promise<void> {
      if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGINT');
      await closed;
    },
  };
}
