/** A service of the given build in its own processes, with the operations that making a data folder needs. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export const environment = { ...process.env, METADESCENT_ISA: 'avx2', REDIS_URL: '', METADESCENT_CIFAR: '' };

export class Service {
  constructor(build, data, child, url) {
    Object.assign(this, { build, data, child, url });
  }

  static async start(build, data) {
    const main = join(build, 'dist/src/cli/main.js');
    const args = [main, 'serve', '--data', data, '--port', '0', '--concurrency', '2', '--log-level', 'warn'];
    const child = spawn(process.execPath, args, { env: environment, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    const url = await new Promise((resolve, reject) => {
      child.stderr.setEncoding('utf8').on('data', (text) => {
        said += text;
        const found = /Serving at (\S+)/.exec(said);
        if (found) resolve(found[1]);
      });
      child.once('close', () => reject(new Error(`serve ended: ${said}`)));
    });
    return new Service(build, data, child, url);
  }

  async request(method, path, { body, type = 'application/json', headers = {} } = {}) {
    const response = await fetch(`${this.url}/${path}`, {
      method,
      headers: { ...headers, ...(body && { 'content-type': type }) },
      body,
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response;
  }

  async get(path) {
    return (await this.request('GET', path)).json();
  }

  async post(path, document, key) {
    const headers = key === undefined ? {} : { 'idempotency-key': key };
    const body = document && JSON.stringify(document);
    return (await this.request('POST', path, { body, headers })).json();
  }

  /** Waits until the job meets the condition. */
  async until(id, condition) {
    for (;;) {
      const job = await this.get(`jobs/${id}`);
      if (condition(job)) return job;
      if (['succeeded', 'failed', 'cancelled'].includes(job.state))
        throw new Error(`The job ${id} ended too early or in the wrong state: ${JSON.stringify(job)}`);
      await delay(20);
    }
  }

  /** Waits until each of the jobs has reported more losses than now. */
  async untilLosses(ids) {
    const before = await Promise.all(ids.map((id) => this.get(`jobs/${id}`)));
    for (const { id, progress } of before)
      await this.until(id, (job) => (job.progress?.done ?? 0) > (progress?.done ?? 0));
  }

  /** Makes the idempotency keys permanent: they would expire after a day. */
  async keepIdempotencyKeys() {
    const { Redis } = createRequire(join(this.build, 'package.json'))('ioredis');
    const redis = new Redis({ path: this.note().socket });
    for (const key of await redis.keys('metadescent:idempotency:*')) await redis.persist(key);
    redis.disconnect();
  }

  async stop() {
    const closed = once(this.child, 'close');
    this.child.kill('SIGTERM');
    await closed;
  }

  /** Ends Redis and the service by SIGKILL, and waits until the jobs' processes have ended as well. */
  async kill() {
    const { pid } = this.note();
    const children = childrenOf(this.child.pid);
    const closed = once(this.child, 'close');
    // Stopped first, or it would start Redis again.
    this.child.kill('SIGSTOP');
    process.kill(pid, 'SIGKILL');
    this.child.kill('SIGKILL');
    await closed;
    while (children.some(isRunning)) await delay(20);
  }

  /** What the service wrote about its Redis. */
  note() {
    return JSON.parse(readFileSync(join(this.data, 'redis/redis.json'), 'utf8'));
  }
}

function childrenOf(pid) {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
