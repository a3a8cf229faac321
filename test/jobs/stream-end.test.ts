import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { maxEventBytes } from '../../src/contract/comparison-event.js';
import { openJobs } from '../../src/jobs/redis-jobs.js';
import { withRedis } from '../support/redis.js';
import { collect, cursors, errorOf, type Harness, losses, openHarness } from './harness.js';

describe('the end of a subscription', () => {
  const given = withRedis();
  let harness: Harness;
  before(async () => {
    harness = await openHarness(given);
  });
  after(() => harness.close());

  it('is an error if the cursor’s attempt has not begun', async () => {
    const { id, attempt } = await harness.begin();
    for (const cursor of ['2.1', '9.1'])
      await assert.rejects(harness.jobs.subscribe(id, cursor), errorOf('invalid-cursor'));
    await attempt.succeed();
  });

  it('waits for a cursor beyond the end only as long as a writer needs to restore it', async () => {
    const { artifacts } = harness;
    const impatient = await openJobs({ redisUrl: given.url, artifacts, cursorPatience: 100 });
    const { id, attempt } = await harness.begin();
    const right = await harness.jobs.subscribe(id, '1.3');
    await assert.rejects(collect(await impatient.subscribe(id, '1.999999999')), errorOf('invalid-cursor'));
    for (let i = 0; i < 3; i++) await attempt.append(losses(i, 1, 1));
    const ahead = await harness.jobs.subscribe(id, '1.999999999');
    await attempt.succeed();
    assert.deepEqual(cursors(await collect(right)), ['1.4', '1.5']);
    await assert.rejects(collect(ahead), errorOf('invalid-cursor'));
    await impatient.close();
  });

  it('reports that the job was deleted, to subscribers that are behind', async () => {
    const { id, attempt } = await harness.begin();
    const begun = await harness.jobs.subscribe(id, null);
    const untouched = await harness.jobs.subscribe(id, null);
    await begun.next();
    // More than the shared tail keeps.
    for (let i = 0; i < 3000; i += 100)
      await Promise.all(Array.from({ length: 100 }, (_, k) => attempt.append(losses(i + k, 1, 1))));
    await attempt.succeed();
    const late = await harness.jobs.subscribe(id, null);
    await late.next();
    await harness.jobs.delete(id);
    for (const behind of [begun, untouched, late]) await assert.rejects(collect(behind), errorOf('deleted'));
  });

  it('is a final state of limited size, however long the failure’s message', async () => {
    const { id, attempt } = await harness.begin();
    await attempt.fail({ code: 'internal', message: 'x'.repeat(1e6) });
    const events = await collect(await harness.jobs.subscribe(id, '1.1'));
    assert.ok(JSON.stringify(events).length < maxEventBytes);
    assert.match((await harness.jobs.get(id)).failure!.message, /^x+…$/);
  });

  it('reports that the service is stopping', async () => {
    const jobs = await openJobs({ redisUrl: given.url, artifacts: harness.artifacts });
    const { id, attempt } = await harness.begin();
    const waiting = assert.rejects(collect(await jobs.subscribe(id, '1.1')), errorOf('unavailable'));
    await jobs.close();
    await waiting;
    await attempt.succeed();
  });
});
