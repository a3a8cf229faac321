import { connect, type Socket } from 'node:net';
import { pongTo, ServerFrames } from './server-frames.js';

/**
 * The process of some of the subscribers that `subscribers.ts` measures. Of each message it reads only the beginning:
 * what a subscriber costs itself is not what is measured.
 */

export type ToSubscribers =
  | { type: 'connect'; url: string; count: number }
  /** Forget what was measured so far. */
  | { type: 'begin' }
  | { type: 'report' }
  | { type: 'disconnect' };

/** What the subscribers of a process have received since `begin`. */
export interface Report {
  type: 'report';
  messages: number;
  bytes: number;
  /** Messages by their delay, in whole milliseconds from the writing of their last point; the last is for more. */
  delays: number[];
  /** The first and the last message: when its last point was written (ms), and the meta-iterations until then. */
  first: Progress | null;
  last: Progress | null;
  /** Microseconds of processor time. */
  cpu: number;
}
export interface Progress {
  time: number;
  iterations: number;
}
export type FromSubscribers = { type: 'connected' | 'disconnected' } | Report;

/** Milliseconds that are told apart. */
const longest = 10_000;

const sockets = new Set<Socket>();
let measured = fresh();

function fresh() {
  const progress: { first: Progress | null; last: Progress | null } = { first: null, last: null };
  const delays = new Uint32Array(longest + 1);
  return { messages: 0, bytes: 0, delays, ...progress, since: process.cpuUsage() };
}

function receive(beginning: string, length: number): void {
  const [, time, to] = /"time":(\d+),"type":"loss-buckets","to":(\d+)/.exec(beginning) ?? [];
  if (time === undefined) return;
  const progress = { time: Number(time), iterations: Number(to) };
  measured.messages += 1;
  measured.bytes += length;
  measured.delays[Math.max(0, Math.min(longest, Date.now() - progress.time))]! += 1;
  measured.first ??= progress;
  if (progress.time > (measured.last?.time ?? 0)) measured.last = progress;
}

/** Subscribes, reading into a buffer that all connections share. */
function subscribe(url: URL): Promise<void> {
  return new Promise((resolve, reject) => {
    const frames = new ServerFrames(receive, (payload) => socket.write(pongTo(payload)));
    const read = (bytes: Buffer) => {
      if (frames.read(bytes)) resolve();
    };
    const socket = connect({
      port: Number(url.port),
      host: url.hostname,
      onread: {
        buffer: shared,
        callback: (length, buffer) => {
          read(Buffer.from(buffer.buffer, buffer.byteOffset, length));
          return true;
        },
      },
    });
    sockets.add(socket);
    socket.once('error', reject);
    socket.once('close', () => sockets.delete(socket));
    socket.write(
      `GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\nConnection: upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}\r\n\r\n`,
    );
  });
}
const shared = Buffer.alloc(64 * 1024);

async function obey(command: ToSubscribers): Promise<FromSubscribers | null> {
  switch (command.type) {
    case 'connect': {
      const url = new URL(command.url);
      // Few at a time: a server's queue of new connections is short.
      for (let left = command.count; left > 0; left -= 50)
        await Promise.all(Array.from({ length: Math.min(50, left) }, () => subscribe(url)));
      return { type: 'connected' };
    }
    case 'begin':
      measured = fresh();
      return null;
    case 'report': {
      const { since, delays, ...rest } = measured;
      const { user, system } = process.cpuUsage(since);
      return { type: 'report', ...rest, delays: [...delays], cpu: user + system };
    }
    case 'disconnect':
      for (const socket of sockets) socket.destroy();
      return { type: 'disconnected' };
  }
}

process.on('message', async (command: ToSubscribers) => {
  const answer = await obey(command);
  if (answer) process.send!(answer);
});
process.on('disconnect', () => process.exit());
