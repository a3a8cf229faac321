import type { Redis } from 'ioredis';
import { ApiError, invalidField } from '../../contract/errors.js';
import { artifactNames } from '../../contract/job.js';
import type { OptimizerList } from '../../contract/lists.js';
import type { OptimizersQuery } from '../../contract/queries.js';
import type { RegisteredOptimizer } from '../../contract/registry.js';
import type { ArtifactStore, OpenArtifact } from '../artifacts.js';
import { sha256 } from '../digest.js';
import { createOptimizerId } from '../ids.js';
import type { CheckedWeights, Optimizers, Registered, Registration } from '../optimizers.js';
import { deleteOptimizer } from './delete-optimizer.js';
import { findByKey, hashDocument } from './idempotency.js';
import { idempotencyKey, optimizerPrefix } from './keys.js';
import { listOptimizers } from './list-optimizers.js';
import { newestVersion, readOptimizer } from './optimizer-record.js';
import { orUnavailable } from './or-unavailable.js';
import { registerOptimizer } from './register-optimizer.js';

export class RedisOptimizers implements Optimizers {
  constructor(
    private readonly redis: Redis,
    private readonly artifacts: ArtifactStore,
  ) {}

  register({ name, job, digest, read }: Registration, clientKey?: string): Promise<Registered> {
    return orUnavailable(async () => {
      const hash = hashDocument({ name, job, digest });
      const given = clientKey === undefined ? null : idempotencyKey(clientKey, 'optimizers');
      const known = given && (await findByKey(this.redis, given, optimizerPrefix, hash));
      if (known) return { optimizer: (await this.known(known.id, known.same)).optimizer, created: false };
      const weights = await read();
      const artifact = createOptimizerId();
      await this.artifacts.put(artifact, artifactNames.weights, weights.bytes);
      const document = JSON.stringify(await toDocument(job, weights));
      // Without a client's key, the artifact's id is the key: a command that is sent twice must not count twice.
      const key = given ?? idempotencyKey(artifact, 'optimizers');
      const { outcome, ref } = await registerOptimizer(this.redis, { name, artifact, document }, key, hash).catch(
        async (error: Error) => {
          // Redis has refused. After a lost connection, the outcome would be unknown.
          if (error.name === 'ReplyError') await this.artifacts.delete(artifact);
          throw error;
        },
      );
      const now = await readOptimizer(this.redis, ref);
      const created = now?.artifact === artifact;
      // Another request with the same key came first.
      if (!created) await this.artifacts.delete(artifact);
      return { optimizer: (await this.known(ref, outcome !== 'conflict')).optimizer, created };
    });
  }

  get(name: string, version: number): Promise<RegisteredOptimizer> {
    return orUnavailable(async () => (await this.find(name, version)).optimizer);
  }

  open(name: string, version: number): Promise<OpenArtifact> {
    return orUnavailable(async () => {
      const { artifact } = await this.find(name, version);
      const file = await this.artifacts.open(artifact, artifactNames.weights);
      if (file === null) throw notFound(name, version);
      return file;
    });
  }

  list(query: OptimizersQuery): Promise<OptimizerList> {
    return orUnavailable(() => listOptimizers(this.redis, query));
  }

  delete(name: string, version: number): Promise<void> {
    return orUnavailable(async () => {
      const { artifact } = await this.find(name, version);
      // The record is deleted last, so that the request can be repeated if it fails half-way.
      await this.artifacts.delete(artifact);
      await deleteOptimizer(this.redis, `${name}:${version}`);
    });
  }

  /**
   * The version that a comparison's reference currently means.
   * @throws ApiError `invalid-document` if there is none, with pointers into a job's document.
   */
  async resolve({ name, version }: { name: string; version?: number }): Promise<RegisteredOptimizer> {
    const newest = await newestVersion(this.redis, name);
    if (newest === null)
      throw invalidField('/optimizer/name', name, 'the name of a registered optimizer; GET /optimizers lists them');
    const found = await readOptimizer(this.redis, `${name}:${version ?? newest}`);
    if (found) return found.optimizer;
    const allowed = `a registered version of ${name}, the newest of which is ${newest}`;
    throw invalidField('/optimizer/version', version, allowed);
  }

  private async find(name: string, version: number) {
    const found = await readOptimizer(this.redis, `${name}:${version}`);
    if (found === null) throw notFound(name, version);
    return found;
  }

  /** The version that a request with the same idempotency key registered. */
  private async known(ref: string, same: boolean) {
    const [name = '', version] = ref.split(':');
    if (same) return this.find(name, Number(version));
    throw new ApiError(
      'idempotency-conflict',
      `This Idempotency-Key was already used with a different request (${name}@${version}); use a new key.`,
    );
  }
}

async function toDocument(job: string | null, { bytes, ...rest }: CheckedWeights) {
  return {
    job,
    createdAt: new Date().toISOString(),
    size: bytes.length,
    sha256: await sha256(bytes),
    ...rest,
  };
}

function notFound(name: string, version: number): ApiError {
  return new ApiError('not-found', `There is no optimizer ${JSON.stringify(`${name.slice(0, 80)}@${version}`)}.`);
}
