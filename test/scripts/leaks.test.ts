import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runToEnd } from '../e2e/processes.js';

const leaks = fileURLToPath(new URL('../support/leaks.js', import.meta.url));
const skip = existsSync('/proc/self/environ') ? false : 'processes are found through /proc';

describe('what a test file leaves behind', { skip }, () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'leaks-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  /** Runs a program as scripts/test.mjs runs a test file: without the marks of this one. */
  const run = (program: string) => {
    const file = join(folder, 'program.mjs');
    writeFileSync(file, program);
    const marks = ['-u', 'METADESCENT_TEST_FILE', '-u', 'NODE_TEST_CONTEXT'];
    return runToEnd('env', [...marks, process.execPath, '--import', leaks, file], folder);
  };

  it('fails it: a detached process whose parent has ended', async () => {
    const { code, stderr } = await run(`
      import { spawn } from 'node:child_process';
      spawn('sh', ['-c', 'sleep 300 & exit'], { detached: true, stdio: 'ignore' }).unref();
    `);
    assert.equal(code, 1);
    assert.match(stderr, /^This test file leaves behind:\n {2}process \d+: sleep 300\n$/);
    const pid = Number(/process (\d+)/.exec(stderr)?.[1]);
    // Gone, or dead and not yet reaped: then it has no command line.
    const cmdline = `/proc/${pid}/cmdline`;
    assert.equal(existsSync(cmdline) ? readFileSync(cmdline, 'utf8') : '', '');
  });

  it('fails it: a temporary folder', async () => {
    const { code, stderr } = await run(`
      import { mkdtempSync } from 'node:fs';
      import { tmpdir } from 'node:os';
      mkdtempSync(tmpdir() + '/left-');
    `);
    assert.equal(code, 1);
    const path = /leaves behind:\n {2}(\S+)\n$/.exec(stderr)?.[1];
    assert.ok(path?.includes('/left-') && !existsSync(path), stderr);
  });

  it('may end within seconds', async () => {
    const { code, stderr } = await run(`
      import { spawn } from 'node:child_process';
      spawn('sleep', ['0.2'], { detached: true, stdio: 'ignore' }).unref();
    `);
    assert.deepEqual([code, stderr], [0, '']);
  });
});
