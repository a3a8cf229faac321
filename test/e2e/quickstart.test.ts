import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { createTemporaryFolder } from '../support/redis.js';
import { runToEnd } from './processes.js';

// Slow: it trains as long as for a user, and compares on 20,000 functions.
test('npm run quickstart -- --exit shows an LSTM that beats tuned gradient descent', async () => {
  const folder = await createTemporaryFolder();
  try {
    const options = ['--', '--exit', '--port', '0', '--data', folder.path];
    const { code, stdout, stderr } = await runToEnd('npm', ['run', '--silent', 'quickstart', ...options]);
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /over 20,000 fresh functions/);
    // Known as soon as the job is submitted, before anything of it is shown.
    assert.match(stderr, /^Job (\S+) at (\S+): .*\nIts page: \2\/ui\/jobs\/\1$/m);
    const meanSum = (label: string) => Number(new RegExp(`^${label} +(\\d+\\.\\d+)`, 'm').exec(stdout)?.[1]);
    const learned = meanSum('LSTM');
    assert(learned <= 4, `the LSTM's mean sum is ${learned}`);
    // No mean is further below the floor of 3.907 than the sampling of 20,000 functions, with standard deviation 1.3,
    // explains.
    assert(learned > 3.907 - (4 * 1.3) / Math.sqrt(20_000), `the LSTM's mean sum is ${learned}`);
    // Tuned gradient descent: 4.44 within 1 %.
    assert(Math.abs(meanSum('SGD [\\d.]+ \\(tuned\\)') - 4.44) < 0.0444);
    const [picture] = (await readdir(folder.path)).filter((name) => name.endsWith('.svg'));
    assert.match(await readFile(`${folder.path}/${picture}`, 'utf8'), /^<svg.*LSTM.*<\/svg>\s*$/s);
  } finally {
    await folder.remove();
  }
});
