import type { ErrorDocument } from '../contract/errors.js';
import { request } from './http.js';
import type { CloseReason, Connection } from './socket.js';

/**
 * Follows server-sent events, for use where WebSockets fail. An error event closes the connection like a WebSocket's
 * close code: 4000 + HTTP status.
 * @throws ApiError the service's error, or `unavailable`; the signal's reason.
 */
export async function connectEvents(url: URL, signal?: AbortSignal): Promise<Connection> {
  const over = new AbortController();
  const response = await request(url, {
    headers: { accept: 'text/event-stream' },
    signal: signal ? AbortSignal.any([signal, over.signal]) : over.signal,
  });
  // 204: the cursor is that of the final event.
  let closed: CloseReason | null = response.status === 204 ? { code: 1000, reason: '' } : null;
  const blocks = blocksOf(response.body);
  return {
    async next(silence) {
      try {
        for (;;) {
          const timer = setTimeout(() => over.abort(), silence);
          const { done, value } = await blocks.next().finally(() => clearTimeout(timer));
          if (done) return null;
          const data = fieldOf(value, 'data');
          if (data === undefined) continue;
          if (fieldOf(value, 'event') !== 'error') return data;
          const { status, code } = JSON.parse(data) as ErrorDocument;
          closed = { code: 4000 + status, reason: code };
          return null;
        }
      } catch {
        // The connection is lost.
        return null;
      }
    },
    get closed() {
      return closed;
    },
    close: () => over.abort(),
  };
}

/** The text between empty lines. */
async function* blocksOf(
  body: ReadableStream<Uint8Array<ArrayBuffer>> | null,
): AsyncGenerator<string, void, undefined> {
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true };
    if (done) return;
    const blocks = (text + value).split('\n\n');
    text = blocks.pop()!;
    yield* blocks;
  }
}

function fieldOf(block: string, name: string): string | undefined {
  return new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
}
