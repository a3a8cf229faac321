import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { FolderArtifactStore } from '../../src/jobs/artifacts.js';
import { createTemporaryFolder } from '../support/redis.js';

const job = 'j000000000000000000';
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('artifacts in a folder', () => {
  let folder: Awaited<ReturnType<typeof createTemporaryFolder>>;
  let store: FolderArtifactStore;
  before(async () => {
    folder = await createTemporaryFolder();
    store = new FolderArtifactStore(folder.path);
  });
  after(() => folder.remove());

  it('do not change once opened, whatever is put or deleted meanwhile', async () => {
    const [old, next] = [Buffer.alloc(100_000, 'old'), Buffer.from('next')];
    await store.put(job, 'a', old);
    const files = await Promise.all([0, 1, 2].map(() => store.open(job, 'a')));
    await store.put(job, 'a', next);
    assert.deepEqual(await store.read(job, 'a'), next);
    const [whole, range, unread] = files.map((file) => file!);
    assert.equal(await whole!.etag(), sha256(old));
    assert.equal(whole!.size, old.length);
    assert.deepEqual(await buffer(whole!.read()), old);
    await store.delete(job);
    assert.deepEqual(await buffer(range!.read({ start: 4, end: 6 })), old.subarray(4, 7));
    await unread!.close();
    await whole!.close();
    assert.equal(await store.open(job, 'a'), null);
    assert.equal(await store.read(job, 'a'), null);
    assert.equal(await store.stat(job, 'a'), null);
  });

  it('have another ETag for other bytes under the same name', async () => {
    for (const text of ['one', 'two', 'one']) {
      await store.put(job, 'b', Buffer.from(text));
      assert.deepEqual(await store.stat(job, 'b'), { size: 3, etag: sha256(Buffer.from(text)) });
    }
    assert.deepEqual(await store.list(job), ['b']);
  });

  it('cannot have names that lead outside the folder', async () => {
    for (const name of ['..', '.hidden', 'a/b', '', 'x'.repeat(129)])
      await assert.rejects(store.open(job, name), RangeError, name);
    for (const other of ['..', 'j', '', `${job}/..`]) await assert.rejects(store.list(other), RangeError, other);
  });
});
