import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { test } from 'node:test';
import type { JobChanges, JobSummaryList } from '../../src/contract/lists.js';
import { withApi } from './support.js';

const api = withApi({ heartbeat: 50 });

interface Message {
  readonly id: string | undefined;
  readonly event: string;
  readonly data: unknown;
}

/** Reads the blocks of a stream one after the other; comments are empty messages. */
class EventStream {
  private constructor(
    private readonly response: IncomingMessage,
    private readonly blocks: AsyncGenerator<string>,
  ) {}

  static async open(path: string, headers: Record<string, string> = {}): Promise<EventStream> {
    const [response] = (await once(get(api.url + path, { headers, agent: false }), 'response')) as [IncomingMessage];
    assert.equal(response.statusCode, 200);
    assert.equal(response.headers['content-type'], 'text/event-stream');
    assert.equal(response.headers['cache-control'], 'no-store');
    return new EventStream(response, blocksOf(response.setEncoding('utf8')));
  }

  async block(): Promise<string> {
    return (await this.blocks.next()).value ?? '';
  }

  /** The next message that is not a comment. */
  async next(): Promise<Message> {
    for (;;) {
      const block = await this.block();
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
      const data = field('data');
      if (data !== undefined) return { id: field('id'), event: field('event') ?? '', data: JSON.parse(data) };
    }
  }

  async changes(): Promise<JobChanges> {
    const { id, event, data } = await this.next();
    const changes = data as JobChanges;
    assert.deepEqual([event, id], ['jobs', changes.cursor]);
    return changes;
  }

  /** Waits for the end. @returns whether it was a normal one. */
  async ended(): Promise<boolean> {
    const { response } = this;
    // A broken connection is an error too.
    response.on('error', () => {});
    if (!response.closed) await new Promise((resolve) => response.once('close', resolve));
    return response.complete;
  }

  close(): void {
    this.response.destroy();
  }
}

async function* blocksOf(response: AsyncIterable<string>): AsyncGenerator<string> {
  let text = '';
  for await (const chunk of response) {
    const blocks = (text + chunk).split('\n\n');
    text = blocks.pop()!;
    yield* blocks;
  }
}

test('changes arrive as named events, whose ids resume an EventSource', async () => {
  const stream = await EventStream.open('/events');
  assert.equal(await stream.block(), 'retry: 1000');
  const first = await stream.changes();
  assert.deepEqual(first, { cursor: first.cursor, jobs: [], deleted: [], reset: false });
  const attempt = await api.begin();
  const begun = await stream.changes();
  const listed = async () => (await api.request('GET', '/jobs?fields=summary')).json<JobSummaryList>().jobs;
  assert.deepEqual(begun.jobs.at(-1)?.id, attempt.job);
  stream.close();
  await attempt.succeed();
  // An EventSource keeps the cursor of the URL that it was made with.
  const resumed = await EventStream.open('/events?cursor=nonsense', { 'last-event-id': begun.cursor });
  const missed = await resumed.changes();
  assert.deepEqual(
    missed.jobs,
    (await listed()).filter(({ id }) => id === attempt.job),
  );
  assert.equal(missed.jobs[0]?.state, 'succeeded');
  await api.request('DELETE', `/jobs/${attempt.job}`);
  assert.deepEqual((await resumed.changes()).deleted, [attempt.job]);
  resumed.close();
});

test('only the jobs asked for, and comment lines while nothing changes', async () => {
  const [mine, other] = [await api.submit(), await api.submit()];
  const stream = await EventStream.open(`/events?jobs=${mine.id}`);
  assert.equal(await stream.block(), 'retry: 1000');
  assert.deepEqual(
    (await stream.changes()).jobs.map(({ id }) => id),
    [mine.id],
  );
  await api.request('POST', `/jobs/${other.id}/cancel`);
  for (let i = 0; i < 3; i++) assert.equal(await stream.block(), ':');
  await api.request('POST', `/jobs/${mine.id}/cancel`);
  const { jobs } = await stream.changes();
  assert.deepEqual(
    jobs.map(({ id, state }) => [id, state]),
    [[mine.id, 'cancelled']],
  );
  stream.close();
});

test('mistakes are refused', async () => {
  for (const [query, code] of [
    ['?cursor=nonsense', 'invalid-cursor'],
    ['?jobs=', 'invalid-document'],
    ['?jobs=a/b', 'invalid-document'],
    [`?jobs=${Array(201).fill('j1').join(',')}`, 'invalid-document'],
    ['?types=state', 'invalid-document'],
  ]) {
    const answer = await api.request('GET', `/events${query}`);
    assert.deepEqual([answer.status, answer.json().code], [400, code], query);
  }
  assert.equal((await api.request('POST', '/events')).status, 405);
});

test('when the service stops, an error event says so, and the connection is broken', async () => {
  const stream = await EventStream.open('/events');
  await stream.changes();
  const closing = api.app.close();
  const { id, event, data } = await stream.next();
  assert.deepEqual([id, event, (data as { code: string }).code], [undefined, 'error', 'unavailable']);
  assert.equal(await stream.ended(), false);
  await closing;
});
