import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createTemporaryFolder } from '../support/redis.js';
import { command, smallSpec, start } from './command.js';
import { Screen } from './screen.js';
import { Terminal } from './terminal.js';

describe('metadescent watch, and check --server', () => {
  let folder: Awaited<ReturnType<typeof createTemporaryFolder>>;
  let server: ReturnType<typeof start>;
  let options: { cwd: string; env: Record<string, string> };
  before(async () => {
    folder = await createTemporaryFolder();
    server = start(['serve', '--port', '0', '--log-level', 'info'], { cwd: folder.path });
    const [, url = ''] = await server.until('stderr', /Serving at (\S+)/);
    options = { cwd: folder.path, env: { METADESCENT_URL: url } };
    await writeFile(join(folder.path, 'job.yaml'), smallSpec.replace('iterations: 200', 'iterations: 20000'));
  });
  after(async () => {
    server.child.kill('SIGINT');
    await server.ended;
    await folder.remove();
  });

  it('shows each phase in place, from summaries of the losses; --json prints every loss', async () => {
    const { stdout } = await command(['submit', 'job.yaml'], options);
    const id = stdout.trim();
    const terminal = new Terminal(['watch', id], folder.path, { ...options.env, SIZE: '60x40', NO_COLOR: '1' });
    assert.equal(await terminal.ended, 0, terminal.shown);
    const screen = new Screen(60);
    // The tables at the end are wider than the terminal.
    screen.write(terminal.shown.slice(0, terminal.shown.indexOf('Sum of f')));
    const rows = (beginning: string) => screen.lines.filter((line) => line.startsWith(beginning));
    const text = screen.lines.join('\n');
    for (const title of ['Training', 'Losses', 'Tuning', 'Comparing', 'Statistics'])
      assert.equal(rows(title).length, 1, text);
    assert.match(rows('Training')[0]!, /^Training +█+ +100 % · 20,000\/20,000/);
    assert.match(rows('Losses')[0]!, /^Losses +[▁-█]{10,} \S+ → \S+$/);
    assert.match(text, /\nloss \d\S* in 5 steps · validation \d/);

    const json = await command(['watch', id, '--json'], options);
    const events = json.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const losses = events.filter(({ type }) => type === 'losses');
    assert.equal(
      losses.reduce((sum, { points }) => sum + points.length, 0),
      20_000 * 5,
    );
    assert.ok(!events.some(({ type }) => type === 'loss-buckets'));
  });

  it('checks a document with the service, which knows how long such jobs take once one has run', async () => {
    const { METADESCENT_URL: url = '' } = options.env;
    const check = async (...args: string[]) => {
      const { code, stdout, stderr } = await command(['check', 'timed.yaml', '--server', url, ...args], options);
      assert.equal(code, 0, stderr);
      return stdout;
    };
    // Until a job was long enough to be measured, on a machine of any speed.
    const write = (iterations: number) => {
      const spec = smallSpec
        .replace('dimension: 3', 'dimension: 4')
        .replace('iterations: 200', `iterations: ${iterations}`);
      return writeFile(join(folder.path, 'timed.yaml'), spec);
    };
    await write(20_000);
    assert.match(await check(), /\n {2}time +training unknown, comparison unknown \(no such job/);
    for (let iterations = 20_000; / training unknown/.test(await check()); iterations *= 4) {
      await write(iterations);
      assert.equal((await command(['submit', 'timed.yaml', '--watch'], options)).code, 0);
    }
    const said = await check();
    assert.match(said, /\n {2}service +accepts it; about [\d.]+ kB, and 70 MB/);
    assert.match(said, /\n {2}time +training (\d+ s|[\d:]+ min)/);
    const { spec, dryRun } = JSON.parse(await check('--json'));
    assert.deepEqual(dryRun.spec, spec);
    assert.ok(dryRun.seconds.training > 0);
    const nowhere = await command(['check', 'timed.yaml', '--server', 'http://127.0.0.1:1'], options);
    assert.equal(nowhere.code, 3, nowhere.stderr);
  });
});
