import { join, resolve } from 'node:path';
import type { Logger } from 'pino';
import { startApi } from '../api/server.js';
import { UserError } from '../contract/user-error.js';
import { makeNamedFolder } from '../files/make-folder.js';
import { FolderArtifactStore } from '../jobs/artifacts.js';
import { openAttempts, openJobs } from '../jobs/redis-jobs.js';
import { startWorker } from '../workers/worker.js';
import { startRedisServer } from './redis/server.js';

export interface ServiceOptions {
  /** Folder of artifacts, and of the private Redis. */
  data: string;
  /** `redis://…` or the path of a unix socket; without it, a private Redis is started in the data folder. */
  redisUrl?: string | undefined;
  /** Null: no API in this process. Port 0 takes a free one. */
  api: { host: string; port: number; allowHost?: string[] | undefined } | null;
  /** Null: no worker in this process. */
  worker: { concurrency: number } | null;
  /** Files of plugins, which this process has loaded and the worker's children load. */
  plugins?: readonly string[] | undefined;
  logger: Logger;
}

export interface Service {
  /** Address of the API; "" without one. */
  readonly url: string;
  /** Stops every part, the API and the worker together. */
  close(): Promise<void>;
}

/**
 * Starts the parts of the service that are asked for.
 * @throws UserError where Redis cannot be had or the address is taken; what was started is stopped again.
 */
export async function startService(options: ServiceOptions): Promise<Service> {
  const started: Started = { parts: [], below: [] };
  const close = async () => {
    // The worker hands its jobs back while the API's clients take their leave: neither waits for the other.
    await Promise.all(started.parts.splice(0).map((part) => part.close()));
    for (const layer of started.below.splice(0).reverse()) await layer.close();
  };
  try {
    return { url: await start(options, started), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What has to be closed: the parts first, together, and then what they stand on, the last opened first. */
interface Started {
  parts: { close(): Promise<void> }[];
  below: { close(): Promise<void> }[];
}

async function start(options: ServiceOptions, { parts, below }: Started): Promise<string> {
  const { logger } = options;
  const data = resolve(options.data);
  await makeNamedFolder(data);
  // A variable that is set to nothing names none.
  let redisUrl = options.redisUrl || undefined;
  if (redisUrl === undefined) {
    const server = await startRedisServer({ folder: join(data, 'redis'), logger }).catch((error: Error) => {
      throw error instanceof UserError ? error : new UserError(error.message, 'unreachable');
    });
    below.push({ close: () => server.stop() });
    redisUrl = server.url;
  }
  const artifacts = new FolderArtifactStore(join(data, 'artifacts'));
  const jobs = await openJobs({ redisUrl, artifacts });
  below.push(jobs);
  if (options.worker) {
    const attempts = await openAttempts({ redisUrl, artifacts, logger });
    below.push(attempts);
    const { concurrency } = options.worker;
    const { plugins } = options;
    parts.push(await startWorker({ redisUrl, artifacts, attempts, concurrency, plugins, logger }));
  }
  if (!options.api) return '';
  const api = await startApi({ jobs, ...options.api, logger }).catch((error) => {
    throw explainAddress(error, options.api!);
  });
  parts.push(api);
  return api.url;
}

function explainAddress(error: NodeJS.ErrnoException, { host, port }: { host: string; port: number }): Error {
  const reasons: Record<string, string> = {
    EADDRINUSE: 'another program has this port: end it, or choose another with --port',
    EACCES: 'this port may not be taken: choose one above 1023 with --port',
    EADDRNOTAVAIL: 'this machine does not have that address: see --host',
    ENOTFOUND: 'there is no such address: see --host',
  };
  const reason = reasons[error.code ?? ''];
  return reason ? new UserError(`${host}:${port}: ${reason}.`, 'usage') : error;
}
