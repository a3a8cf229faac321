import type { FastifyBaseLogger } from 'fastify';
import type { Jobs } from '../jobs/jobs.js';
import { buildApp } from './app.js';
import { hostsOf } from './hosts.js';

export interface StartApiOptions {
  /** Stays the caller's: closing the API leaves it open. */
  jobs: Jobs;
  host: string;
  /** 0 takes a free one. */
  port: number;
  /** Names that the service answers to besides those of the loopback interface. On a network, none means any. */
  allowHost?: readonly string[] | undefined;
  logger?: FastifyBaseLogger | undefined;
}

export interface RunningApi {
  /** Without a slash at its end. */
  readonly url: string;
  /** Says good-bye to subscribers, lets requests end, then resolves. */
  close(): Promise<void>;
}

/**
 * Serves the API over HTTP.
 * @throws Error with `code` EADDRINUSE and the like where the address cannot be had.
 */
export async function startApi({ jobs, host, port, allowHost = [], logger }: StartApiOptions): Promise<RunningApi> {
  const app = await buildApp({ jobs, logger, hosts: hostsOf(host, allowHost) });
  try {
    // It takes half a second once, for which no request should have to wait.
    app.swagger({ yaml: true });
    app.swagger();
    const url = await app.listen({ host, port });
    return { url, close: () => app.close() };
  } catch (error) {
    await app.close();
    throw error;
  }
}
