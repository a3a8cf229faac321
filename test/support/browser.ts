import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

/** The path of the Chromium that set-up finds, or null. */
export async function findChromium(): Promise<string | null> {
  const script: unknown = await import(new URL('../../../scripts/setup/chromium.mjs', import.meta.url).href);
  return (script as { findChromium(): string | null }).findChromium();
}

/** A message of the Chrome DevTools Protocol. */
interface Message {
  id?: number;
  method?: string;
  params?: Record<string, unknown>;
  result?: Record<string, unknown>;
  error?: { message: string };
}

export interface PageView {
  width: number;
  height: number;
  scheme: 'light' | 'dark';
}

/**
 * A headless Chromium without a network, controlled over a pipe: no host name resolves, and the requests of a page are
 * recorded.
 */
export class Browser {
  private nextId = 1;
  private readonly waiting = new Map<
    number,
    { resolve(result: Record<string, unknown>): void; reject(e: Error): void }
  >();
  private readonly listeners = new Set<(message: Message) => void>();
  private session: string | undefined;

  private constructor(
    private readonly child: ChildProcess,
    private readonly profile: string,
  ) {
    let pending = '';
    (child.stdio[4] as Readable).setEncoding('utf8').on('data', (text: string) => {
      const messages = (pending + text).split('\0');
      pending = messages.pop()!;
      for (const message of messages) this.hear(JSON.parse(message) as Message);
    });
  }

  static async launch(path: string): Promise<Browser> {
    const profile = await mkdtemp(join(tmpdir(), 'metadescent-browser-'));
    const child = spawn(
      path,
      [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-dev-shm-usage',
        '--no-first-run',
        '--host-resolver-rules=MAP * ~NOTFOUND',
        `--user-data-dir=${profile}`,
        '--remote-debugging-pipe',
      ],
      { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] },
    );
    const browser = new Browser(child, profile);
    const { targetId } = await browser.send('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await browser.send('Target.attachToTarget', { targetId, flatten: true });
    browser.session = sessionId as string;
    for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await browser.send(`${domain}.enable`);
    return browser;
  }

  /**
   * Opens a page and waits until it is loaded.
   * @returns its requests and its errors
   */
  async open(url: string, { width, height, scheme }: PageView): Promise<{ requests: string[]; complaints: string[] }> {
    const requests: string[] = [];
    const complaints: string[] = [];
    const loaded = new Promise<void>((resolve) => {
      const listener = ({ method, params }: Message) => {
        if (method === 'Network.requestWillBeSent') requests.push((params!.request as { url: string }).url);
        if (
          method === 'Runtime.exceptionThrown' ||
          method === 'Runtime.consoleAPICalled' ||
          method === 'Log.entryAdded'
        )
          complaints.push(JSON.stringify(params));
        if (method === 'Page.loadEventFired') resolve();
      };
      this.listeners.add(listener);
    });
    await this.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: width < 600 });
    await this.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] });
    await this.send('Page.navigate', { url });
    await loaded;
    return { requests, complaints };
  }

  /** The value of a JavaScript expression in the page. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', { expression, returnByValue: true });
    if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails));
    return (result as { value: T }).value;
  }

  /** The whole page as a PNG. */
  async screenshot(): Promise<Buffer> {
    const { data } = await this.send('Page.captureScreenshot', { captureBeyondViewport: true });
    return Buffer.from(data as string, 'base64');
  }

  async close(): Promise<void> {
    const closed = once(this.child, 'close');
    await this.send('Browser.close');
    await closed;
    await rm(this.profile, { recursive: true, force: true, maxRetries: 5 });
  }

  private send(method: string, params: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    const id = this.nextId++;
    const answer = new Promise<Record<string, unknown>>((resolve, reject) => this.waiting.set(id, { resolve, reject }));
    const session = this.session === undefined || method === 'Browser.close' ? {} : { sessionId: this.session };
    (this.child.stdio[3] as Writable).write(`${JSON.stringify({ id, method, params, ...session })}\0`);
    return answer;
  }

  private hear(message: Message): void {
    for (const listener of this.listeners) listener(message);
    const waiting = this.waiting.get(message.id ?? -1);
    if (!waiting) return;
    this.waiting.delete(message.id!);
    if (message.error) waiting.reject(new Error(message.error.message));
    else waiting.resolve(message.result ?? {});
  }
}
