import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { parse } from 'yaml';
import type { JobEvent } from '../../src/contract/events.js';
import type { Job } from '../../src/contract/job.js';
import { openPaused } from '../api/bare.js';
import { command, main, smallSpec, start } from '../cli/command.js';
import { createTemporaryFolder } from '../support/redis.js';
import { lossesIn, states, until } from '../workers/harness.js';

/** Milliseconds that supervisors allow a process by default. */
const patience = 10_000;

describe('stopping a service', () => {
  let folder: Awaited<ReturnType<typeof createTemporaryFolder>>;
  let services: ReturnType<typeof start>[];
  const sockets: Socket[] = [];
  beforeEach(async () => {
    folder = await createTemporaryFolder();
    services = [];
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    for (const { child, ended } of services) {
      child.kill('SIGKILL');
      await ended;
    }
    await folder.remove();
  });

  async function serve(...args: string[]): Promise<{ service: ReturnType<typeof start>; url: string }> {
    const service = start(['serve', '--port', '0', '--log-level', 'warn', ...args], { cwd: folder.path });
    services.push(service);
    const [, url = ''] = await service.until('stderr', /Serving at (\S+)/);
    return { service, url };
  }

  async function submit(url: string, iterations: number): Promise<string> {
    const spec = parse(smallSpec);
    const document = { ...spec, comparison: null, training: { ...spec.training, iterations } };
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${url}/jobs`, { method: 'POST', headers, body: JSON.stringify(document) });
    assert.equal(answer.status, 201);
    return ((await answer.json()) as Job).id;
  }

  async function watch(url: string, job: string): Promise<JobEvent[]> {
    const { code, stdout, stderr } = await command(['watch', job, '--json', '--server', url]);
    assert.equal(code, 0, stderr);
    return stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as JobEvent);
  }

  async function weights(url: string, job: string): Promise<Buffer> {
    return Buffer.from(await (await fetch(`${url}/jobs/${job}/weights`)).arrayBuffer());
  }

  /** @returns the exit status. */
  async function stopInTime({ child, ended }: ReturnType<typeof start>): Promise<number | null> {
    const asked = performance.now();
    child.kill('SIGTERM');
    const { code, stderr } = await ended;
    const took = performance.now() - asked;
    assert.ok(took < patience, `${took} ms: ${stderr}`);
    return code;
  }

  it('takes less than ten seconds under half-open clients, slow readers and a running job, which loses nothing', async () => {
    const { service, url } = await serve();
    const { hostname, port } = new URL(url);
    const small = await submit(url, 1);
    await watch(url, small);
    await writeFile(join(folder.path, 'data', 'artifacts', small, 'large.bin'), new Uint8Array(64 << 20));
    const job = await submit(url, 60_000);
    const half = async (text: string) => {
      const socket = connect(Number(port), hostname);
      socket.on('error', () => {});
      await once(socket, 'connect');
      socket.write(text);
      sockets.push(socket);
    };
    const idle = async (path: string) => {
      const socket = await openPaused(url + path, '');
      socket.on('error', () => {});
      sockets.push(socket);
    };
    await Promise.all(
      Array.from({ length: 150 }, () => [
        half('GET /jobs HTTP/1.1\r\nHost: loc'),
        half(
          `POST /jobs HTTP/1.1\r\nHost: ${hostname}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`,
        ),
        idle(`/jobs/${job}/events`),
        idle(`/jobs/${small}/artifacts/large.bin`),
      ]).flat(),
    );
    await until(async () => ((await (await fetch(`${url}/jobs/${job}`)).json()) as Job).progress !== null);
    assert.equal(await stopInTime(service), 0);
    assert.ok((await readdir(join(folder.path, 'data', 'artifacts', job))).includes('checkpoint.safetensors'));

    const { url: next } = await serve();
    const events = await watch(next, job);
    assert.deepEqual(
      states(events).map(({ state, reason }) => [state, reason]),
      ['queued', 'running', 'queued', 'running', 'succeeded'].map((state) => [state, null]),
    );
    const undisturbed = await submit(next, 60_000);
    assert.deepEqual(lossesIn(events), lossesIn(await watch(next, undisturbed)));
    assert.deepEqual(await weights(next, job), await weights(next, undisturbed));
  });

  it('obeys a signal to npx, which npm passes to a shell in between', async () => {
    const call = `"${process.execPath}" "${main}" serve --port 0 --data data --log-level warn`;
    const npx = spawn('npm', ['exec', '--offline', '--call', call], {
      cwd: folder.path,
      env: { PATH: process.env.PATH, HOME: process.env.HOME },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    npx.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    // The service has the pipe open too: it closes when both have exited.
    const ended = once(npx, 'close');
    await until(() => said.includes('Serving at'));
    npx.kill('SIGTERM');
    await ended;
    assert.match(said, /Stopping;/);
  });

  for (const busy of [false, true])
    it(`ends without its Redis too, with ${busy ? 'a' : 'no'} running job`, async () => {
      const socket = join(folder.path, 'redis.sock');
      await mkdir(join(folder.path, 'redis'));
      const redis = spawn(
        'redis-server',
        ['--port', '0', '--unixsocket', socket, '--dir', join(folder.path, 'redis')],
        {
          stdio: 'ignore',
        },
      );
      const gone = once(redis, 'exit');
      await until(() => readdir(folder.path).then((names) => names.includes('redis.sock')));
      const { service, url } = await serve('--redis', socket);
      if (busy) {
        const job = await submit(url, 1_000_000);
        await until(async () => ((await (await fetch(`${url}/jobs/${job}`)).json()) as Job).progress !== null);
      }
      redis.kill('SIGKILL');
      await gone;
      await until(async () => (await fetch(`${url}/readyz`)).status === 503);
      assert.equal(await stopInTime(service), 0);
    });
});
