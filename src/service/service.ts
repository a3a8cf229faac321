import { join, resolve } from 'node:path';
import type { Logger } from 'pino';
import { startApi } from '../api/server.js';
import { UserError } from '../contract/user-error.js';
import { makeNamedFolder } from '../files/make-folder.js';
import { FolderArtifactStore } from '../jobs/artifacts.js';
import { openAttempts, openJobs } from '../jobs/redis-jobs.js';
import type { Additions } from '../workers/additions.js';
import { startWorker } from '../workers/worker.js';
import { startRedisServer } from './redis/server.js';

export interface ServiceOptions {
  /** Folder for artifacts and the private Redis. */
  data: string;
  /** `redis://…` or the path of a unix socket; without it, a private Redis is started in the data folder. */
  redisUrl?: string | undefined;
  /** null for no API in this process. Port 0 means any free port. */
  api: { host: string; port: number; allowHost?: string[] | undefined } | null;
  /** null for no worker in this process. */
  worker: { concurrency: number } | null;
  /** Problems and data sets that this process has added, for the worker's children. */
  additions?: Additions | undefined;
  logger: Logger;
}

export interface Service {
  /** URL of the API; "" without one. */
  readonly url: string;
  /** Stops all parts, the API and the worker at the same time. */
  close(): Promise<void>;
}

/**
 * Starts the requested parts of the service.
 * @throws UserError if Redis is unavailable or the address is taken, after stopping what was started.
 */
export async function startService(options: ServiceOptions): Promise<Service> {
  const started: Started = { parts: [], below: [] };
  const close = async () => {
    // The worker returns its jobs while the API closes: neither waits for the other.
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

/** What has to be closed: first the parts, all together, then what they depend on, in reverse order of opening. */
interface Started {
  parts: { close(): Promise<void> }[];
  below: { close(): Promise<void> }[];
}

async function start(options: ServiceOptions, { parts, below }: Started): Promise<string> {
  const { logger } = options;
  const data = resolve(options.data);
  await makeNamedFolder(data);
  // An empty variable counts as unset.
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
    const { additions } = options;
    parts.push(await startWorker({ redisUrl, artifacts, attempts, concurrency, additions, logger }));
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
    EADDRINUSE: 'another program uses this port: stop it, or choose another port with --port',
    EACCES: 'not allowed to use this port: choose one above 1023 with --port',
    EADDRNOTAVAIL: 'this machine does not have that address: see --host',
    ENOTFOUND: 'no such address: see --host',
  };
  const reason = reasons[error.code ?? ''];
  return reason ? new UserError(`${host}:${port}: ${reason}.`, 'usage') : error;
}
