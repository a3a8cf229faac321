import type { FastifyBaseLogger } from 'fastify';
import type { Jobs } from '../jobs/jobs.js';
import { buildApp } from './app.js';
import { hostsOf } from './hosts.js';

export interface StartApiOptions {
  /** The caller closes it: closing the API does not. */
  jobs: Jobs;
  host: string;
  /** 0 for any free port. */
  port: number;
  /**
   * Names that the service answers to besides those of the loopback interface. On a network, an empty list means any.
   */
  allowHost?: readonly string[] | undefined;
  logger?: FastifyBaseLogger | undefined;
}

export interface RunningApi {
  /** Without a trailing slash. */
  readonly url: string;
  /** Closes subscriptions, lets requests end, then resolves. */
  close(): Promise<void>;
}

/**
 * Serves the API over HTTP.
 * @throws Error with a `code` such as EADDRINUSE if it cannot listen on the address.
 */
export async function startApi({ jobs, host, port, allowHost = [], logger }: StartApiOptions): Promise<RunningApi> {
  const app = await buildApp({ jobs, logger, hosts: hostsOf(host, allowHost) });
  try {
    // Takes half a second once: now, so that no request has to wait for it.
    app.swagger({ yaml: true });
    app.swagger();
    const url = await app.listen({ host, port });
    return { url, close: () => app.close() };
  } catch (error) {
    await app.close();
    throw error;
  }
}
