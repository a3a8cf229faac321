import type { Catalogue } from '../contract/catalogue.js';
import { ApiError } from '../contract/errors.js';
import type { JobEvent } from '../contract/events.js';
import type { Job } from '../contract/job.js';
import type { Artifact, ArtifactList, JobList, OptimizerList } from '../contract/lists.js';
import type { LossSeries } from '../contract/losses.js';
import type { Asked, JobsQuery, LossesQuery, OptimizersQuery } from '../contract/queries.js';
import type { RegisteredOptimizer, RegisterRequest } from '../contract/registry.js';
import type { ComparisonResults } from '../contract/results.js';
import { uploadLimit } from '../contract/sizes.js';
import { type EventOptions, jobEvents } from './events.js';
import { request } from './http.js';

/** Media types of the weights' formats. */
const weightTypes = {
  safetensors: 'application/vnd.safetensors',
  npz: 'application/x-npz',
  json: 'application/json',
} as const;
export type WeightsFormat = keyof typeof weightTypes;

/** A version in the registry. */
export type OptimizerPlace = Pick<RegisteredOptimizer, 'name' | 'version'>;

export interface CreateOptions {
  /** The same key with the same request gives what is there already. */
  idempotencyKey?: string | undefined;
}

/**
 * The service over HTTP and WebSockets, in Node and in browsers. Every method throws ApiError: what the service
 * answered with, or `unavailable` where none answers.
 */
export class Client {
  private readonly base: URL;

  /** @param baseUrl such as "http://127.0.0.1:7878"; a path in front of the routes is kept. */
  constructor(baseUrl: string | URL) {
    this.base = new URL(baseUrl);
    if (!this.base.pathname.endsWith('/')) this.base.pathname += '/';
  }

  /** Submits a job. */
  create(document: unknown, options: CreateOptions = {}): Promise<Job> {
    return this.post('jobs', 'application/json', JSON.stringify(document), options);
  }

  get(id: string): Promise<Job> {
    return this.json(jobPath(id));
  }

  /** Newest first, a page at a time: `next` is the following page's cursor, null on the last. */
  list(options: Asked<JobsQuery> = {}): Promise<JobList> {
    return this.json(withQuery('jobs', options));
  }

  cancel(id: string): Promise<Job> {
    return this.json(`${jobPath(id)}/cancel`, { method: 'POST' });
  }

  async delete(id: string): Promise<void> {
    await request(this.url(jobPath(id)), { method: 'DELETE' });
  }

  losses(id: string, options: Asked<LossesQuery> = {}): Promise<LossSeries> {
    return this.json(withQuery(`${jobPath(id)}/losses`, options));
  }

  /**
   * A trained optimizer's file.
   * @param of the id of a job, or a version in the registry
   */
  weights(of: string | OptimizerPlace, format: WeightsFormat = 'safetensors'): Promise<Uint8Array> {
    const path = typeof of === 'string' ? jobPath(of) : optimizerPath(of);
    return this.bytes(`${path}/weights`, { headers: { accept: weightTypes[format] } });
  }

  /** Keeps a job's weights in the registry, as the next version of the name. */
  register(document: RegisterRequest, options: CreateOptions = {}): Promise<RegisteredOptimizer> {
    return this.post('optimizers', 'application/json', JSON.stringify(document), options);
  }

  /** Keeps a file of weights (safetensors) in the registry, as the next version of the name. */
  async upload(name: string, file: Uint8Array<ArrayBuffer>, options: CreateOptions = {}): Promise<RegisteredOptimizer> {
    if (file.length > uploadLimit)
      throw new ApiError(
        'body-too-large',
        `The file has ${file.length} bytes; a service takes at most ${uploadLimit}.`,
      );
    return this.post(withQuery('optimizers', { name }), weightTypes.safetensors, file, options);
  }

  /** The registry, latest first, a page at a time. */
  optimizers(options: Asked<OptimizersQuery> = {}): Promise<OptimizerList> {
    return this.json(withQuery('optimizers', options));
  }

  /** A registered optimizer: the version, or without one the newest. */
  async optimizer({ name, version }: { name: string; version?: number | undefined }): Promise<RegisteredOptimizer> {
    if (version !== undefined) return this.json(optimizerPath({ name, version }));
    const [newest] = (await this.optimizers({ name, limit: 1 })).optimizers;
    if (newest) return newest;
    throw new ApiError('not-found', `There is no optimizer ${JSON.stringify(name)}.`);
  }

  async deleteOptimizer(place: OptimizerPlace): Promise<void> {
    await request(this.url(optimizerPath(place)), { method: 'DELETE' });
  }

  results(id: string): Promise<ComparisonResults> {
    return this.json(`${jobPath(id)}/results`);
  }

  catalogue(): Promise<Catalogue> {
    return this.json('catalogue');
  }

  /** A job's files: names, bytes, SHA-256. */
  async artifacts(id: string): Promise<Artifact[]> {
    const { artifacts } = await this.json<ArtifactList>(`${jobPath(id)}/artifacts`);
    return artifacts;
  }

  artifact(id: string, name: string): Promise<Uint8Array> {
    return this.bytes(`${jobPath(id)}/artifacts/${pathPart(name)}`);
  }

  /** The job's events, each exactly once, however often the connection is lost, up to its final state. */
  events(id: string, options: EventOptions = {}): AsyncGenerator<JobEvent, void, undefined> {
    return jobEvents(this.url(jobPath(id)), options);
  }

  /** Address of a job, for people and for other programs. */
  url(path: string): URL {
    return new URL(path, this.base);
  }

  private post<T>(
    path: string,
    type: string,
    body: string | Uint8Array<ArrayBuffer>,
    { idempotencyKey }: CreateOptions,
  ): Promise<T> {
    const headers = {
      'content-type': type,
      ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
    };
    return this.json(path, { method: 'POST', headers, body });
  }

  private async json<T>(path: string, init: RequestInit = {}): Promise<T> {
    const response = await request(this.url(path), init);
    return (await response.json()) as T;
  }

  private async bytes(path: string, init: RequestInit = {}): Promise<Uint8Array> {
    const response = await request(this.url(path), init);
    return new Uint8Array(await response.arrayBuffer());
  }
}

/** @throws ApiError `not-found` for the two names that an address has for other places */
function pathPart(text: string): string {
  if (text !== '.' && text !== '..') return encodeURIComponent(text);
  throw new ApiError('not-found', `There is nothing of the name ${JSON.stringify(text)}.`);
}

function jobPath(id: string): string {
  return `jobs/${pathPart(id)}`;
}

function optimizerPath({ name, version }: OptimizerPlace): string {
  return `optimizers/${pathPart(name)}/${version}`;
}

function withQuery(path: string, query: object): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const search = new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)]));
  return search.size > 0 ? `${path}?${search}` : path;
}
