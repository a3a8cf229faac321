import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { cursorOf } from '../../src/contract/cursor.js';
import type { JobEvent } from '../../src/contract/events.js';
import type { StreamChoice } from '../../src/jobs/jobs.js';

/** What a subscriber received before its stream ended or was cut. */
export interface Part {
  readonly events: JobEvent[];
  /** Whether the stream ended normally, as after the job's final state. */
  readonly ended: boolean;
  /** The code of the error that ended it. */
  readonly error: string | null;
}

export type Subscribe = (
  url: string,
  job: string,
  cursor: string | null,
  cutAfter?: number,
  /** Called after the first event, while the subscriber does not read. */
  meanwhile?: () => Promise<void>,
  choice?: StreamChoice,
) => Promise<Part>;

/** Follows a job over WebSocket. After `cutAfter` events it cuts the connection without a close frame. */
export const overWebSocket: Subscribe = async (
  url,
  job,
  cursor,
  cutAfter = Number.POSITIVE_INFINITY,
  meanwhile?: () => Promise<void>,
  choice: StreamChoice = {},
) => {
  const socket = new WebSocket(streamUrl(url, job, cursor, choice));
  const events: JobEvent[] = [];
  if (meanwhile)
    socket.once('message', () => {
      socket.pause();
      meanwhile().finally(() => socket.resume());
    });
  socket.on('message', (data, isBinary) => {
    // Messages that arrive after the cut do not count.
    if (events.length >= cutAfter) return;
    if (isBinary) throw new Error('a binary message');
    events.push(JSON.parse(String(data)));
    if (events.length >= cutAfter) socket.terminate();
  });
  if (cutAfter === 0) socket.on('open', () => socket.terminate());
  const [code, reason] = await once(socket, 'close');
  return { events, ended: code === 1000, error: code >= 4000 ? `${code} ${reason}` : null };
};

/** Follows a job over server-sent events. The cursor is sent as `Last-Event-ID`, as by an EventSource. */
export const overServerSentEvents: Subscribe = async (
  url,
  job,
  cursor,
  cutAfter = Number.POSITIVE_INFINITY,
  meanwhile?: () => Promise<void>,
  choice: StreamChoice = {},
) => {
  const headers = cursor === null ? {} : { 'last-event-id': cursor };
  const request = get(`${url}/jobs/${job}/events${queryOf(choice)}`, { headers, agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const events: JobEvent[] = [];
  if (response.statusCode === 204) return { events, ended: true, error: null };
  if (response.statusCode !== 200) throw new Error(`status ${response.statusCode}`);
  let text = '';
  let error: string | null = null;
  response.setEncoding('utf8');
  if (meanwhile)
    response.once('data', () => {
      response.pause();
      meanwhile().finally(() => response.resume());
    });
  response.on('data', (chunk: string) => {
    text += chunk;
    for (let end = text.indexOf('\n\n'); end >= 0 && events.length < cutAfter; end = text.indexOf('\n\n')) {
      const block = text.slice(0, end);
      text = text.slice(end + 2);
      error = parseError(block);
      const event = error === null ? parseServerSentEvent(block) : null;
      if (event) events.push(event);
    }
    if (events.length >= cutAfter) response.destroy();
  });
  response.on('error', () => undefined);
  await once(response, 'close').catch(() => undefined);
  return { events, ended: response.complete && events.length < cutAfter, error };
};

export function streamUrl(url: string, job: string, cursor: string | null, choice: StreamChoice = {}): string {
  const query = queryOf({ ...choice, ...(cursor !== null && { cursor }) });
  return `${url.replace('http', 'ws')}/jobs/${job}/stream${query}`;
}

function queryOf(fields: object): string {
  const given = Object.entries(fields).map(([name, value]): [string, string] => [name, String(value)]);
  return given.length > 0 ? `?${new URLSearchParams(given)}` : '';
}

/** @returns status and code of an `error` event, in the form of a WebSocket's close. */
function parseError(block: string): string | null {
  const [, data] = /^event: error\ndata: (.*)$/.exec(block) ?? [];
  if (data === undefined) return null;
  const { status, code } = JSON.parse(data) as { status: number; code: string };
  return `${4000 + status} ${code}`;
}

/** @returns null for a block without data, such as a comment. */
export function parseServerSentEvent(block: string): JobEvent | null {
  const field = (name: string) => block.match(new RegExp(`^${name}: (.*)$`, 'm'))?.[1];
  const data = field('data');
  if (data === undefined) return null;
  const event: JobEvent = JSON.parse(data);
  if (field('event') !== event.type || field('id') !== cursorOf(event)) throw new Error(`not of one event: ${block}`);
  return event;
}
