import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createTemporaryFolder } from '../support/redis.js';
import { main } from './command.js';

const onTerminal = fileURLToPath(new URL('../../../test/cli/on_terminal.py', import.meta.url));
const weights = fileURLToPath(new URL('../../../examples/optimizers/seed.safetensors', import.meta.url));

describe('the tables of a comparison', () => {
  let folder: Awaited<ReturnType<typeof createTemporaryFolder>>;
  before(async () => {
    folder = await createTemporaryFolder();
  });
  after(() => folder.remove());

  it('are folded to the width of the terminal, with every column', async () => {
    const flags = '--functions 8 --tuning-functions 4 --steps 5 --baselines "adam, schedule-free-adamw" -o run';
    const shell = `stty cols 80 && exec ${process.execPath} ${main} compare ${weights} ${flags} 2>errors`;
    const env = { PATH: process.env.PATH, METADESCENT_THREADS: '1', NO_COLOR: '1', TERM: 'xterm' };
    const { stdout } = await promisify(execFile)('python3', [onTerminal, 'sh', '-c', shell], { cwd: folder.path, env });
    const lines = stdout.split('\r\n');
    const rules = lines.filter((line) => line.startsWith('───'));
    // Each of the three measures needs at least two tables.
    assert.ok(rules.length >= 6, stdout);
    for (const [i, rule] of lines.entries()) {
      if (!rule.startsWith('───')) continue;
      const table = lines.slice(i - 1, lines.indexOf('', i));
      for (const line of table.slice(0, 5)) assert.ok(line.length <= 80, `${line.length}: ${line}`);
    }
    for (const title of ['Median', 'log10 mean', 'Difference', 'Learned wins', 'Steps saved', 'Saved (median)'])
      assert.ok(
        lines.some((line) => line.includes(title)),
        title,
      );
    assert.equal(lines.filter((line) => /^Adam .*tuned/.test(line)).length >= rules.length, true);
  });
});
