import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Job } from '../../src/contract/job.js';
import { createTemporaryFolder } from '../support/redis.js';
import { command, smallSpec, start } from './command.js';

describe('metadescent serve --allow-host', () => {
  it('accepts names, and refuses what could never match', async () => {
    for (const name of ['https://x', 'x:443', '*.x', '', 'x/y', 'a b', '::1']) {
      const { code, stderr } = await command(['serve', '--allow-host', name]);
      assert.equal(code, 2, `${name}: ${stderr}`);
      assert.match(stderr, /expected the name of a host, without a scheme, a port or a wildcard/);
    }
  });
});

describe('metadescent serve, and the commands that talk to it', () => {
  let folder: Awaited<ReturnType<typeof createTemporaryFolder>>;
  let server: ReturnType<typeof start>;
  let options: { cwd: string; env: Record<string, string> };
  before(async () => {
    folder = await createTemporaryFolder();
    server = start(['serve', '--port', '0', '--log-level', 'warn'], { cwd: folder.path });
    const [, url = ''] = await server.until('stderr', /Serving at (\S+)/);
    options = { cwd: folder.path, env: { METADESCENT_URL: url } };
    await writeFile(join(folder.path, 'small.yaml'), smallSpec);
    await writeFile(join(folder.path, 'long.yaml'), smallSpec.replace('iterations: 200', 'iterations: 1000000'));
  });
  after(async () => {
    server.child.kill('SIGKILL');
    await folder.remove();
  });

  it('submits, watches, and fetches the same files as train makes', async () => {
    const submitted = await command(['submit', 'small.yaml'], options);
    assert.equal(submitted.code, 0, submitted.stderr);
    const id = submitted.stdout.trim();
    const watched = await command(['watch', id, '--json'], options);
    assert.equal(watched.code, 0, watched.stderr);
    const events = watched.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual([events.at(-1).type, events.at(-1).state], ['state', 'succeeded']);

    const results = await command(['results', id, '--svg', 'picture.svg'], options);
    assert.match(results.stdout, /^LSTM +\d/m);
    assert.match(await readFile(join(folder.path, 'picture.svg'), 'utf8'), /^<svg /);
    const asJson = await command(['results', id, '--json'], options);
    assert.equal(JSON.parse(asJson.stdout).optimizers[0].label, 'LSTM');
    const losses = await command(['losses', id, '--points', '10'], options);
    assert.equal(losses.stdout.split('\n')[0], 'iteration,points,mean,min,max');

    assert.equal((await command(['weights', id, '-o', 'w.safetensors'], options)).code, 0);
    assert.equal((await command(['train', 'small.yaml', '-o', 'local'], options)).code, 0);
    const [remote, local] = await Promise.all(
      ['w.safetensors', 'local/weights.safetensors'].map((file) => readFile(join(folder.path, file))),
    );
    assert.ok(remote!.equals(local!), 'the same bytes from the service as from train');
    const every = await command(['losses', id, '--every'], options);
    assert.equal(every.stdout, await readFile(join(folder.path, 'local/losses.csv'), 'utf8'));
    const some = await command(['losses', id, '--every', '--from', '1', '--to', '2'], options);
    assert.equal(
      some.stdout,
      `${every.stdout
        .split('\n')
        .filter((line) => /^(1,|iteration)/.test(line))
        .join('\n')}\n`,
    );

    for (const args of [
      ['weights', id, '-o', '/proc/w'],
      ['weights', id, '-o', 'small.yaml/w'],
      ['results', id, '--svg', '/proc/w'],
    ]) {
      const refused = await command(args, options);
      assert.equal(refused.code, 2, refused.stderr);
      assert.match(refused.stderr, /^\S+ cannot be written \([^\n]*\): name another file\.\n$/);
    }

    const listed = await command(['jobs', '--json', '--state', 'succeeded'], options);
    assert.ok((JSON.parse(listed.stdout) as { jobs: Job[] }).jobs.some((job) => job.id === id));
    const conflict = await command(['cancel', id], options);
    assert.equal(conflict.code, 2, conflict.stderr);
    assert.equal((await command(['delete', id], options)).code, 0);
    assert.equal((await command(['results', id], options)).code, 4);
  });

  it('registers trained optimizers, and compares them on other problems by name', async () => {
    await writeFile(join(folder.path, 'large'), new Uint8Array(80_000_000));
    const run = async (...args: string[]) => {
      const { code, stdout, stderr } = await command(args, options);
      assert.equal(code, 0, stderr);
      return stdout;
    };
    const watched = await run('submit', 'small.yaml', '--watch', '--json');
    const { job } = JSON.parse(watched.split('\n')[0]!) as { job: string };
    assert.equal(await run('register', job, '--name', 'small'), 'small@1\n');
    await run('weights', job, '-o', 'small.safetensors');
    await run('delete', job);
    const uploaded = JSON.parse(await run('upload', 'small.safetensors', '--name', 'small', '--json'));
    assert.deepEqual([uploaded.name, uploaded.version, uploaded.job], ['small', 2, null]);
    assert.match(await run('optimizers'), new RegExp(`small@2 .*quadratic +uploaded\nsmall@1 .*quadratic +${job}`));
    assert.match(await run('optimizer', 'small@1'), new RegExp(`version: 1\njob: ${job}\n`));
    assert.match(await run('optimizer', 'small'), /version: 2\njob: null\n/);
    await run('weights', 'small');
    const files = ['small.safetensors', 'small-2.safetensors'].map((file) => readFile(join(folder.path, file)));
    const [kept, fetched] = await Promise.all(files);
    assert.ok(kept!.equals(fetched!));

    const few = ['--functions', '50', '--baselines', '{name: sgd, learningRate: 0.1}'];
    await mkdir(join(folder.path, 'small'));
    const there = await run('compare', 'small', '--problem', 'parabola', ...few);
    const here = await run('compare', 'small.safetensors', '--problem', 'parabola', ...few);
    assert.match(there, /parabola: .*\b15 steps.*, over 50 fresh functions/);
    const table = (text: string) => text.slice(0, text.indexOf('\n\n', text.indexOf('LSTM')));
    assert.equal(table(there), table(here), 'the same from the service as from here');

    assert.equal(await run('delete', 'small@2'), 'small@2: deleted\n');
    const refusals: [args: string[], code: number, message: RegExp][] = [
      [['delete', 'small'], 2, /name the version to delete, such as small@1/],
      [['optimizer', 'small@2'], 4, /There is no optimizer "small@2"/],
      [['compare', 'nobody'], 4, /There is no optimizer "nobody"/],
      [
        ['compare', 'small@2', 'small.yaml'],
        2,
        /\/optimizer\/version: found 2, allowed: a registered version of small/,
      ],
      [['compare', './nothing.safetensors'], 2, /neither a file of weights \(.*ENOENT.*\), nor the id of a job/],
      [['upload', 'small.yaml', '--name', 'small'], 2, /not a weights file .*header length/],
      [['upload', 'small.safetensors', '--name', 'a/b'], 2, /\/name: found "a\/b"/],
      [['upload', 'nothing', '--name', 'small'], 2, /nothing cannot be read/],
      [['upload', 'large', '--name', 'small'], 2, /large has 80000000 bytes; at most \d+ are accepted/],
      [['register', job, '--name', 'small'], 2, /\/job: found .* the id of a job that has weights/],
      [['weights', 'A'], 2, /A: expected the id of a job, or NAME/],
    ];
    for (const [args, code, message] of refusals) {
      const ended = await command(args, options);
      assert.match(ended.stderr, message);
      assert.equal(ended.code, code, args.join(' '));
    }
  });

  it('cancels a running job: watching it exits with 5', async () => {
    const { stdout } = await command(['submit', 'long.yaml', '--json'], options);
    const { id } = JSON.parse(stdout) as Job;
    const watching = start(['watch', id, '--json'], options);
    await watching.until('stdout', /"losses"/);
    assert.equal((await command(['cancel', id], options)).code, 0);
    assert.equal((await watching.ended).code, 5);
  });

  it('reports in one line that its port is taken, or its folder', async () => {
    const port = new URL(options.env.METADESCENT_URL!).port;
    const taken = await command(['serve', '--port', port, '--data', 'other'], options);
    assert.equal(taken.code, 2, taken.stderr);
    assert.match(taken.stderr.trim(), /^127\.0\.0\.1:\d+: another program uses this port: .*$/);
    const shared = await command(['serve', '--port', '0'], options);
    assert.equal(shared.code, 2, shared.stderr);
    assert.match(shared.stderr, new RegExp(`in use by process ${server.child.pid} on .* since .*: stop that process`));
  });

  it('refuses a data folder that is a file or cannot be created', async () => {
    for (const data of ['small.yaml', 'small.yaml/data', '/proc/data'])
      for (const args of [['serve'], ['api', '--redis', 'redis://127.0.0.1:1']]) {
        const { code, stderr } = await command([...args, '--port', '0', '--data', data], options);
        assert.equal(code, 2, stderr);
        assert.match(stderr, /^[^\n]*cannot be used as a folder \([^\n]*\): name another one\.\n$/);
      }
  });

  it('reports that the Redis it is given cannot be reached', async () => {
    const { code, stderr } = await command(['serve', '--port', '0', '--redis', 'redis://127.0.0.1:1'], options);
    assert.equal(code, 3, stderr);
  });

  it('ends at SIGTERM by itself, with a running job', async () => {
    await command(['submit', 'long.yaml'], options);
    const exited = once(server.child, 'exit');
    server.child.kill('SIGTERM');
    const [code] = await exited;
    assert.equal(code, 0);
  });
});
