import type { Catalogue } from '../contract/catalogue.js';
import type { DryRun } from '../contract/dry-run.js';
import { ApiError } from '../contract/errors.js';
import type { JobEvent } from '../contract/events.js';
import type { Job } from '../contract/job.js';
import type { Artifact, ArtifactList, JobChanges, JobList, JobSummaryList, OptimizerList } from '../contract/lists.js';
import type { LossSeries } from '../contract/losses.js';
import type { Asked, JobsQuery, LossesQuery, OptimizersQuery } from '../contract/queries.js';
import type { RegisteredOptimizer, RegisterRequest } from '../contract/registry.js';
import type { ComparisonResults } from '../contract/results.js';
import { uploadLimit } from '../contract/sizes.js';
import { type ChangeOptions, jobChanges } from './changes.js';
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
export type OptimizerVersion = Pick<RegisteredOptimizer, 'name' | 'version'>;

export interface CreateOptions {
  /** The same request with the same key returns what the first one created. */
  idempotencyKey?: string | undefined;
}

/**
 * The service over HTTP and WebSockets, in Node and in browsers. Every method throws ApiError: the service's error, or
 * `unavailable` if it does not answer.
 */
export class Client {
  private readonly base: URL;

  /** @param baseUrl such as "http://127.0.0.1:7878"; a path prefix is kept. */
  constructor(baseUrl: string | URL) {
    this.base = new URL(baseUrl);
    if (!this.base.pathname.endsWith('/')) this.base.pathname += '/';
  }

  /** Submits a job. */
  create(document: unknown, options: CreateOptions = {}): Promise<Job> {
    return this.post('jobs', 'application/json', JSON.stringify(document), options);
  }

  /**
   * Checks a job's document as {@link create} does, and estimates what the job takes, without creating it.
   * @param options a signal ends the request, with its reason
   */
  dryRun(document: unknown, options: { signal?: AbortSignal } = {}): Promise<DryRun> {
    return this.json(withQuery('jobs', { dryRun: true }), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(document),
      ...options,
    });
  }

  get(id: string): Promise<Job> {
    return this.json(jobPath(id));
  }

  /** Newest first, one page per call: `next` is the cursor of the next page, null on the last. */
  list(options: Asked<Omit<JobsQuery, 'fields'>> = {}): Promise<JobList> {
    return this.json(withQuery('jobs', options));
  }

  /**
   * The same without the jobs' documents. With filters, a page may have fewer jobs than the limit, or none, although others
   * follow.
   */
  jobSummaries(options: Asked<Omit<JobsQuery, 'fields'>> = {}): Promise<JobSummaryList> {
    return this.json(withQuery('jobs', { ...options, fields: 'summary' }));
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
   * Every loss of the meta-iterations [from, to) so far, in order, as it arrives: lines `iteration,step,loss` after a
   * header, or little-endian 32-bit floats.
   */
  async lossPoints(
    id: string,
    format: 'csv' | 'fp32',
    { from, to }: Asked<Pick<LossesQuery, 'from' | 'to'>> = {},
  ): Promise<ReadableStream<Uint8Array>> {
    const path = withQuery(`${jobPath(id)}/losses`, { from, to, format });
    return (await request(this.url(path))).body!;
  }

  /**
   * A trained optimizer's file.
   * @param of the id of a job, or a version in the registry
   */
  weights(of: string | OptimizerVersion, format: WeightsFormat = 'safetensors'): Promise<Uint8Array> {
    const path = typeof of === 'string' ? jobPath(of) : optimizerPath(of);
    return this.bytes(`${path}/weights`, { headers: { accept: weightTypes[format] } });
  }

  /** Registers a job's weights as the next version of the name. */
  register(document: RegisterRequest, options: CreateOptions = {}): Promise<RegisteredOptimizer> {
    return this.post('optimizers', 'application/json', JSON.stringify(document), options);
  }

  /** Registers a weights file (safetensors) as the next version of the name. */
  async upload(name: string, file: Uint8Array<ArrayBuffer>, options: CreateOptions = {}): Promise<RegisteredOptimizer> {
    if (file.length > uploadLimit)
      throw new ApiError(
        'body-too-large',
        `The file has ${file.length} bytes; the service accepts at most ${uploadLimit}.`,
      );
    return this.post(withQuery('optimizers', { name }), weightTypes.safetensors, file, options);
  }

  /** The registry, latest first, one page per call. */
  optimizers(options: Asked<OptimizersQuery> = {}): Promise<OptimizerList> {
    return this.json(withQuery('optimizers', options));
  }

  /** A registered optimizer: the given version, or the newest. */
  async optimizer({ name, version }: { name: string; version?: number | undefined }): Promise<RegisteredOptimizer> {
    if (version !== undefined) return this.json(optimizerPath({ name, version }));
    const [newest] = (await this.optimizers({ name, limit: 1 })).optimizers;
    if (newest) return newest;
    throw new ApiError('not-found', `There is no optimizer ${JSON.stringify(name)}.`);
  }

  async deleteOptimizer(version: OptimizerVersion): Promise<void> {
    await request(this.url(optimizerPath(version)), { method: 'DELETE' });
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

  /** The job's events up to its final state, each exactly once, even if the connection is lost. */
  events(id: string, options: EventOptions = {}): AsyncGenerator<JobEvent, void, undefined> {
    return jobEvents(this.url(jobPath(id)), options);
  }

  /** What changes in all jobs, or some, even if the connection is lost; see {@link jobChanges}. */
  changes(options: ChangeOptions = {}): AsyncGenerator<JobChanges, never, undefined> {
    return jobChanges(this.url('events'), options);
  }

  /** URL of a job, for people and other programs. */
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

/** @throws ApiError `not-found` for "." and "..", which URLs resolve as path segments */
function pathPart(text: string): string {
  if (text !== '.' && text !== '..') return encodeURIComponent(text);
  throw new ApiError('not-found', `There is nothing named ${JSON.stringify(text)}.`);
}

function jobPath(id: string): string {
  return `jobs/${pathPart(id)}`;
}

function optimizerPath({ name, version }: OptimizerVersion): string {
  return `optimizers/${pathPart(name)}/${version}`;
}

function withQuery(path: string, query: object): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const search = new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)]));
  return search.size > 0 ? `${path}?${search}` : path;
}
