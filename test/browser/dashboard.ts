import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { Client } from '../../src/client/client.js';
import type { JobState } from '../../src/contract/events.js';
import type { Job } from '../../src/contract/job.js';
import { type ServeProcess, startServe } from '../e2e/processes.js';
import { launchChromium, openPage } from '../support/chromium.js';
import { createTemporaryFolder } from '../support/redis.js';

/** Milliseconds that a page may take to do something; no test depends on their number. */
export const patience = 45_000;

export interface VisitOptions extends BrowserContextOptions {
  /** Lines of the console that the visit provokes, such as Chromium's own for a response with an error's status. */
  expected?: RegExp;
}

/** A running service, a process of its own, and a browser. Filled in before the suite's first test. */
export class Dashboard {
  service!: ServeProcess;
  client!: Client;
  browser!: Browser;
  /** Its data folder. */
  data = '';
  private command: readonly string[] = [];

  /** @param command of metadescent, with its options, that serves the API */
  async open(data: string, command: readonly string[] = ['serve', '--concurrency', '2']): Promise<void> {
    this.data = data;
    this.command = command;
    [this.browser] = await Promise.all([launchChromium(), this.start('0')]);
  }

  async close(): Promise<void> {
    await this.browser?.close();
    assert.equal(await this.service?.stop(), 0);
  }

  /** Starts the service again at the address that pages know, after its `kill`. */
  restart(): Promise<void> {
    return this.start(new URL(this.service.url).port);
  }

  private async start(port: string): Promise<void> {
    this.service = await startServe(this.data, { port, command: this.command });
    this.client = new Client(this.service.url);
  }

  /**
   * Opens a page of the dashboard in a profile of its own and hands it over. Fails if it asks another host for anything, or
   * writes on the console, errors and violations of the policy among it, what is not expected.
   * @param path such as "/ui/"
   */
  async visit(path: string, use: (page: Page) => Promise<void>, options: VisitOptions = {}): Promise<void> {
    const { expected, ...context } = options;
    const { page, requests, complaints, close } = await openPage(this.browser, {
      baseURL: this.service.url,
      ...context,
    });
    page.setDefaultTimeout(patience);
    const unexpected = () => complaints.filter((line) => !expected?.test(line));
    try {
      const response = await page.goto(path);
      assert.equal(response?.status(), 200, path);
      await use(page);
    } catch (error) {
      const seen = await page.ariaSnapshot({ timeout: 5_000 }).catch(() => '(the page does not answer)');
      throw new Error([`At ${page.url()}`, ...unexpected(), seen].join('\n'), { cause: error });
    } finally {
      await close();
    }
    assert.deepEqual(unexpected(), []);
    const { origin } = new URL(this.service.url);
    const elsewhere = requests.filter((url) => !/^(data|blob):/.test(url) && new URL(url).origin !== origin);
    assert.deepEqual(elsewhere, []);
  }

  /** Waits until a job is in a state. */
  async reached(id: string, state: JobState, within = patience): Promise<Job> {
    for (const deadline = performance.now() + within; ; ) {
      const job = await this.client.get(id);
      if (job.state === state) return job;
      assert.ok(performance.now() < deadline, `job ${id} is still ${job.state}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Looks until what it sees equals what is expected, and fails with the difference if it never does. */
export async function eventually<T>(look: () => Promise<T>, expected: T): Promise<void> {
  for (const deadline = performance.now() + patience; ; ) {
    const seen = await look();
    if (isDeepStrictEqual(seen, expected)) return;
    if (performance.now() > deadline) assert.deepEqual(seen, expected);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Gives the calling suite a service without jobs, and a browser. @param command that serves the API */
export function withDashboard(command?: () => readonly string[]): Dashboard {
  const dashboard = new Dashboard();
  let folder: Awaited<ReturnType<typeof createTemporaryFolder>>;
  before(async () => {
    folder = await createTemporaryFolder();
    await dashboard.open(join(folder.path, 'data'), command?.());
  });
  after(async () => {
    await dashboard.close();
    await folder.remove();
  });
  return dashboard;
}
