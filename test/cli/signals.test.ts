import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createTemporaryFolder } from '../support/redis.js';
import { command, smallSpec, start } from './command.js';
import { controlBackslash, controlC, Terminal } from './terminal.js';

/** A problem with one evaluation that blocks the event loop for 1.5 seconds. */
const blocking = `
import { writeFileSync } from 'node:fs';
let calls = 0;
export default {
  name: 'blocking', title: 'Blocking parabola', description: 'Σ x²',
  fields: { dimension: { type: 'integer', minimum: 1, maximum: 100, default: 4 } },
  parameters: ({ dimension }) => [{ name: 'x', shape: [dimension] }],
  sample(_spec, random, _data, start) { random.fillUniform(start, -1, 1); },
  evaluate(tf, _data, x) {
    if (++calls === 400) {
      writeFileSync(process.env.MARK, '');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500);
    }
    return { losses: tf.sum(tf.square(x), 1), gradient: tf.mul(x, 2) };
  },
};
`;
const blockingSpec = `
kind: metatrain
problem: { name: blocking }
optimizer: { name: lstm, layers: [4] }
training: { iterations: 100000, horizon: 10, unroll: 10 }
comparison: null
`;
const longSpec = smallSpec.replace('iterations: 200', 'iterations: 10000000');

describe('signals', () => {
  let folder: Awaited<ReturnType<typeof createTemporaryFolder>>;
  let cwd: string;
  before(async () => {
    folder = await createTemporaryFolder();
    cwd = folder.path;
    await writeFile(join(cwd, 'blocking.mjs'), blocking);
    await writeFile(join(cwd, 'blocking.yaml'), blockingSpec);
    await writeFile(join(cwd, 'small.yaml'), smallSpec);
    await writeFile(join(cwd, 'long.yaml'), longSpec);
  });
  after(() => folder.remove());

  for (const signals of [['SIGINT', 'SIGINT', 'SIGINT'], ['SIGTERM', 'SIGINT'], ['SIGHUP'], ['SIGQUIT']] as const)
    it(`that arrive together while the event loop is blocked count as one: ${signals.join(', ')}`, async () => {
      const out = signals.join('-');
      const mark = join(cwd, `${out}.mark`);
      const args = ['train', 'blocking.yaml', '--plugin', 'blocking.mjs', '-o', out];
      const { child, ended } = start(args, { cwd, env: { MARK: mark, METADESCENT_THREADS: '1' } });
      while (!existsSync(mark)) {
        assert.equal(child.exitCode, null);
        await delay(20);
      }
      for (const signal of signals) {
        child.kill(signal);
        await delay(150);
      }
      const { code, stderr } = await ended;
      assert.equal(code, 130, stderr);
      assert.match(stderr, /taking a checkpoint.*\n(.*\n)*Interrupted: a checkpoint is in .*--resume/);
      assert.ok(existsSync(join(cwd, out, 'checkpoint.safetensors')));
    });

  it('end a command at the third; a second one within a second is ignored', async () => {
    const interruption = new URL('../../src/cli/interruption.js', import.meta.url).href;
    const program = `
      const { Interruption } = await import(${JSON.stringify(interruption)});
      const interruption = new Interruption(() => console.log('stopping'));
      process.stdin.on('data', () => console.log(interruption.signal.aborted ? 'aborted' : 'runs'));
      console.log('ready');`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const exited = once(child, 'exit');
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const ended = exited.then(([code]) => ({ value: `ended with ${code}` }));
    const next = async () => (await Promise.race([lines.next(), ended])).value as string;
    assert.equal(await next(), 'ready');
    child.kill('SIGINT');
    assert.equal(await next(), 'stopping');
    child.kill('SIGINT');
    await delay(200);
    child.stdin.on('error', () => {}).write('?');
    assert.equal(await next(), 'aborted');
    child.kill('SIGINT');
    assert.deepEqual(await exited, [130, null]);
  });

  const keys = { 'Ctrl-C': controlC, 'Ctrl-\\': controlBackslash };
  for (const [name, key] of Object.entries(keys))
    it(`stop a command on a terminal, which is restored: ${name}`, async () => {
      const out = `terminal-${name.length}-${key.charCodeAt(0)}`;
      const terminal = new Terminal(['train', 'long.yaml', '-o', out], cwd);
      await terminal.until(/Training/);
      terminal.type(key);
      assert.equal(await terminal.ended, 130, terminal.shown);
      assert.match(terminal.shown, /taking a checkpoint/);
      assert.ok(existsSync(join(cwd, out, 'checkpoint.safetensors')));
      assert.ok(terminal.isRestored, JSON.stringify(terminal.shown.slice(-300)));
    });

  it('take a checkpoint when the terminal is closed', async () => {
    const terminal = new Terminal(['train', 'long.yaml', '-o', 'closed'], cwd);
    await terminal.until(/Training/);
    terminal.hangUp();
    assert.equal(await terminal.ended, 130);
    assert.ok(existsSync(join(cwd, 'closed', 'checkpoint.safetensors')));
  });

  it('restore the terminal in compare, reproduce, quickstart and watch, too', async () => {
    await command(['train', 'small.yaml', '-o', 'trained'], { cwd });
    const long = ['--functions', '100000', '--steps', '500'];
    const commands = [
      ['compare', 'trained/weights.safetensors', ...long],
      ['reproduce', 'quadratic', '--budget', 'full'],
      ['quickstart', '--paper', '--port', '0'],
    ];
    for (const args of commands) {
      const terminal = new Terminal(args, cwd);
      await terminal.until(/(Training|Tuning|Comparing) +█*░/);
      terminal.type(controlC);
      assert.notEqual(await terminal.ended, null);
      assert.match(terminal.shown, /Stopping/, args[0]);
      assert.ok(terminal.isRestored, `${args[0]}: ${JSON.stringify(terminal.shown.slice(-300))}`);
    }
    const server = start(['serve', '--port', '0', '--data', 'served'], { cwd });
    const [, url = ''] = await server.until('stderr', /Serving at (\S+)/);
    const { stdout } = await command(['submit', 'long.yaml', '--server', url], { cwd });
    const watching = new Terminal(['watch', stdout.trim(), '--server', url], cwd);
    await watching.until(/Training +█*░/);
    watching.type(controlC);
    assert.equal(await watching.ended, 130);
    assert.match(watching.shown, /The job continues/);
    assert.ok(watching.isRestored, JSON.stringify(watching.shown.slice(-300)));
    server.child.kill('SIGHUP');
    assert.equal((await server.ended).code, 0, 'a service stops cleanly when its terminal is closed');
  });
});
