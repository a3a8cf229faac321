/** The part of a WebSocket that is the same in browsers, in Node and in the ws package. */
interface Socket {
  close(): void;
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
  addEventListener(type: 'close', listener: (event: CloseReason) => void): void;
  addEventListener(type: 'open' | 'error', listener: () => void): void;
  /** ws only: a browser's socket cannot be paused. */
  pause?(): void;
  resume?(): void;
}
type SocketClass = new (url: string) => Socket;

/** Why the peer closed (RFC 6455, section 7.4). */
export interface CloseReason {
  code: number;
  reason: string;
}

/** Milliseconds that an upgrade may take: a proxy may swallow it. */
const upgradePatience = 5_000;

/** Unread messages at which the socket is paused, and below which it resumes. */
const highWater = 1000;
const lowWater = 100;

/** The platform's WebSocket, or else that of the ws package. */
async function socketClass(): Promise<SocketClass> {
  const own = (globalThis as { WebSocket?: SocketClass }).WebSocket;
  return own ?? ((await import('ws')).WebSocket as unknown as SocketClass);
}

export interface Connection {
  /** The next message; null once the connection has ended or been silent for `silence` milliseconds. */
  next(silence: number): Promise<string | null>;
  /** null while it is open, or if this side closed it. */
  readonly closed: CloseReason | null;
  close(): void;
}

/** @returns null if no connection is made. */
export async function connect(url: URL, signal?: AbortSignal): Promise<Connection | null> {
  const WebSocket = await socketClass();
  const address = new URL(url);
  address.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const socket = new WebSocket(address.href);
  const messages: string[] = [];
  let ended = false;
  let closed: CloseReason | null = null;
  let wake = () => {};
  socket.addEventListener('message', ({ data }) => {
    messages.push(String(data));
    if (messages.length > highWater) socket.pause?.();
    wake();
  });
  const close = () => {
    signal?.removeEventListener('abort', close);
    socket.close();
    ended = true;
    wake();
  };
  signal?.addEventListener('abort', close, { once: true });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const opened = await new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), upgradePatience);
    socket.addEventListener('open', () => resolve(true));
    socket.addEventListener('close', ({ code, reason }) => {
      if (!ended) closed = { code, reason };
      close();
      resolve(false);
    });
    socket.addEventListener('error', () => resolve(false));
    if (signal?.aborted) close();
  });
  clearTimeout(timer);
  if (!opened) {
    close();
    return null;
  }
  return {
    async next(silence) {
      if (messages.length === 0 && !ended) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, silence);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        wake = () => {};
      }
      if (messages.length === lowWater) socket.resume?.();
      return messages.shift() ?? null;
    },
    get closed() {
      return closed;
    },
    close,
  };
}
