import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import type { Jobs } from '../../src/jobs/jobs.js';
import { withApi } from './support.js';

const lines: Record<string, unknown>[] = [];
const logger = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });

/** Real jobs with a planted defect: one label makes the list fail. */
function withDefect(jobs: Jobs): Jobs {
  return new Proxy(jobs, {
    get(target, name: keyof Jobs) {
      if (name === 'list')
        return async (query: Parameters<Jobs['list']>[0]) => {
          if (query.label === 'defect') throw new TypeError('the secret cause');
          return target.list(query);
        };
      const value = target[name];
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

const api = withApi({ logger, observe: withDefect });

test('log lines of a job’s requests have its id', async () => {
  const { id } = await api.submit();
  lines.length = 0;
  await api.request('GET', `/jobs/${id}`);
  assert(lines.some((line) => line.msg === 'request completed' && line.job === id));
});

test('an internal error is logged with its cause, and the response has only where to find it', async () => {
  lines.length = 0;
  const answer = await api.request('GET', '/jobs?label=defect');
  assert.deepEqual([answer.status, answer.json().code], [500, 'internal']);
  assert(!answer.bytes.includes('secret'));
  const logged = lines.find((line) => line.level === 50);
  assert(logged, 'nothing was logged');
  assert.equal((logged.err as Error).message, 'the secret cause');
  assert(answer.bytes.includes(String(logged.reqId)));
});

test('a client’s mistake is not logged as an error', async () => {
  lines.length = 0;
  await api.request('POST', '/jobs', { body: {} });
  assert(lines.every((line) => Number(line.level) < 40));
});
