import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ApiError } from '../../src/contract/errors.js';
import { countWeights } from '../../src/contract/limits.js';
import type { CompareSpec } from '../../src/contract/spec.js';
import { parseJobSpec } from '../../src/contract/validate.js';
import type { CheckedWeights, Registration } from '../../src/jobs/optimizers.js';
import { registerOptimizer } from '../../src/jobs/redis/register-optimizer.js';
import { encodeWeights } from '../../src/weights/weights.js';
import { withRedis } from '../support/redis.js';
import { lstmSpec, sampleOptimizer } from '../weights/samples.js';
import { errorOf, type Harness, openHarness } from './harness.js';

describe('registered optimizers', () => {
  const given = withRedis();
  let harness: Harness;
  before(async () => {
    harness = await openHarness(given);
  });
  after(() => harness.close());

  const trained = sampleOptimizer(lstmSpec({ layers: [2] }), 1);
  const { spec: optimizer, provenance } = trained;
  const weights: CheckedWeights = {
    bytes: encodeWeights(trained),
    optimizer,
    provenance,
    weights: countWeights(optimizer, provenance.problem!),
    widths: [1],
  };
  const upload = (name: string): Registration => ({ name, job: null, digest: 'a', read: async () => weights });
  const register = async (name: string) => (await harness.jobs.optimizers.register(upload(name))).optimizer.version;
  const compare = (ref: object) =>
    parseJobSpec({ kind: 'compare', problem: { name: 'simple' }, optimizer: ref, comparison: {} }) as CompareSpec;
  const submitted = async (ref: object, key?: string) => {
    const { job } = await harness.jobs.create(compare(ref), key);
    return job;
  };

  it('are pinned to the newest version if a comparison names none', async () => {
    await register('newest');
    assert.equal(await register('newest'), 2);
    const first = await submitted({ name: 'newest' }, 'newest');
    assert.deepEqual(first.spec.kind === 'compare' && first.spec.optimizer, { name: 'newest', version: 2 });
    await register('newest');
    const again = await submitted({ name: 'newest' }, 'newest');
    assert.deepEqual(
      [again.id, again.spec],
      [first.id, first.spec],
      'the same request, although a newer version exists',
    );
    assert.deepEqual((await submitted({ name: 'newest', version: 1 })).spec.optimizer, { name: 'newest', version: 1 });
    await harness.jobs.optimizers.delete('newest', 3);
    assert.deepEqual((await submitted({ name: 'newest' })).spec.optimizer, { name: 'newest', version: 2 });
  });

  it('that do not exist are refused with a pointer', async () => {
    await register('there');
    for (const [ref, pointer, allowed] of [
      [{ name: 'nowhere' }, '/optimizer/name', /GET \/optimizers/],
      [{ name: 'nowhere', version: 1 }, '/optimizer/name', /GET \/optimizers/],
      [{ name: 'there', version: 2 }, '/optimizer/version', /the newest of which is 1/],
    ] as const)
      await assert.rejects(submitted(ref), (error) => {
        assert.ok(error instanceof ApiError && error.code === 'invalid-document');
        assert.equal(error.errors[0]?.pointer, pointer);
        assert.match(error.errors[0]?.allowed ?? '', allowed);
        return true;
      });
  });

  it('are refused for a problem that they do not fit, as are jobs', async () => {
    const wide = sampleOptimizer(lstmSpec({ layers: [2], over: 'all' }), 1);
    const weights = {
      bytes: encodeWeights(wide),
      optimizer: wide.spec,
      provenance: wide.provenance,
      weights: 1,
      widths: [10],
    };
    const registered = await harness.jobs.optimizers.register({ ...upload('wide'), read: async () => weights });
    const { id, attempt } = await harness.begin({ optimizer: wide.spec, problem: wide.provenance.problem });
    await harness.artifacts.put(id, 'weights.safetensors', weights.bytes);
    await attempt.succeed();
    for (const ref of [{ name: registered.optimizer.name }, { job: id }]) {
      await assert.rejects(submitted(ref), (error) => {
        assert.ok(error instanceof ApiError && error.code === 'invalid-document');
        assert.deepEqual(error.errors[0]?.pointer, '/problem/name');
        assert.match(error.detail, /its \/over is .*allowed: blocks of 10 coordinates/);
        return true;
      });
      const document = { ...compare(ref), problem: wide.provenance.problem! };
      assert.equal((await harness.jobs.create(document)).created, true);
    }
  });

  it('are refused for a problem that needs too much memory', async () => {
    const large = { ...weights, optimizer: lstmSpec({ layers: [1024, 1024] }) };
    await harness.jobs.optimizers.register({ ...upload('large'), read: async () => large });
    const on = (dimension: number) =>
      harness.jobs.create({ ...compare({ name: 'large' }), problem: { name: 'parabola', dimension } });
    assert.equal((await on(1000)).created, true);
    await assert.rejects(on(100_000), (error) => {
      assert.ok(error instanceof ApiError && error.code === 'invalid-document');
      const [refused] = error.errors;
      assert.deepEqual([refused?.pointer, refused?.found], ['/problem', '"100000 coordinates"']);
      assert.match(refused!.allowed, /to keep at most 536870912 floats/);
      return true;
    });
  });

  it('provide their weights to the attempt that names them, until they are deleted', async () => {
    const version = await register('named');
    const { id } = await submitted({ name: 'named' });
    const attempt = await harness.attempts.begin(id);
    assert.deepEqual((await attempt?.namedWeights())?.bytes, Buffer.from(weights.bytes));
    await harness.jobs.optimizers.delete('named', version);
    assert.equal(await register('named'), version + 1);
    assert.equal(await attempt?.namedWeights(), null);
    await attempt?.succeed();
  });

  it('leave only the count behind when deleted', async () => {
    const version = await register('gone');
    const [artifact] = await harness.redis.hmget(`metadescent:optimizer:gone:${version}`, 'artifact');
    assert.deepEqual(await harness.artifacts.list(artifact!), ['weights.safetensors']);
    await harness.jobs.optimizers.delete('gone', version);
    assert.deepEqual(await harness.artifacts.list(artifact!), []);
    const keys = await harness.redis.keys('metadescent:optimizer*gone*');
    assert.deepEqual(keys, []);
    assert.ok(!(await harness.redis.zrange('metadescent:optimizers:all', '0', '-1')).includes(`gone:${version}`));
    assert.equal(await harness.redis.hget('metadescent:optimizers:versions', 'gone'), String(version));
    await assert.rejects(harness.jobs.optimizers.get('gone', version), errorOf('not-found'));
  });

  it('are counted once, even if the registering command is sent twice, as after a lost connection', async () => {
    const entry = { name: 'twice', artifact: 'o000000000000000000', document: '{}' };
    const send = () => registerOptimizer(harness.redis, entry, 'metadescent:idempotency:optimizers:twice', 'hash');
    assert.deepEqual(await send(), { outcome: 'created', ref: 'twice:1' });
    assert.deepEqual(await send(), { outcome: 'known', ref: 'twice:1' });
  });

  it('leave nothing behind if their file cannot be read or Redis is full', async () => {
    const unreadable = { ...upload('half'), read: () => Promise.reject(new ApiError('invalid-weights', 'No.')) };
    await assert.rejects(harness.jobs.optimizers.register(unreadable, 'half'), errorOf('invalid-weights'));
    const files = async () => (await readdir(join(given.folder, 'artifacts'))).length;
    const before = await files();
    await harness.redis.config('SET', 'maxmemory', '1');
    try {
      await assert.rejects(harness.jobs.optimizers.register(upload('half'), 'half'), errorOf('unavailable'));
    } finally {
      await harness.redis.config('SET', 'maxmemory', '0');
    }
    assert.equal(await files(), before);
    const { optimizer, created } = await harness.jobs.optimizers.register(upload('half'), 'half');
    assert.deepEqual([optimizer.version, created], [1, true]);
  });
});
