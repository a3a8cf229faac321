import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const script: unknown = await import(new URL('../../../scripts/setup/chromium.mjs', import.meta.url).href);
const path = (script as { findChromium(): string | null }).findChromium();

/** Why pages cannot be opened, or false. CI must have Chromium. */
export function chromiumMissing(): string | false {
  if (path !== null || process.env.CI !== undefined) return false;
  return 'There is no Chromium: install it (Debian: apt-get install chromium), or set CHROME to the path of one.';
}

/** A headless Chromium that reaches this machine only: no name resolves, and it asks for nothing by itself. */
export function launchChromium(): Promise<Browser> {
  if (path === null) throw new Error('There is no Chromium.');
  return chromium.launch({
    executablePath: path,
    // Root cannot use the sandbox.
    chromiumSandbox: process.getuid?.() !== 0,
    args: [
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--disable-quic',
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
    ],
  });
}

/** A page in a browser profile of its own, and what it did that no page of ours should. */
export interface WatchedPage {
  readonly page: Page;
  /** URLs that it asked for. */
  readonly requests: readonly string[];
  /** What it wrote on the console, policy violations among it, and errors that nothing caught. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

export async function openPage(browser: Browser, options: BrowserContextOptions): Promise<WatchedPage> {
  const context = await browser.newContext(options);
  const requests: string[] = [];
  const complaints: string[] = [];
  context.on('request', (request) => requests.push(request.url()));
  context.on('console', (message) =>
    complaints.push(`${message.type()}: ${message.text()} (${message.location().url})`),
  );
  context.on('weberror', (error) => complaints.push(`uncaught: ${error.error().stack ?? error.error()}`));
  return { page: await context.newPage(), requests, complaints, close: () => context.close() };
}
