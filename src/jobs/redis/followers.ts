import type { Redis } from 'ioredis';
import type { JobChanges } from '../../contract/lists.js';
import type { ChangesQuery } from '../../contract/queries.js';
import { ChangeFeed } from './change-feed.js';
import { Follower } from './follower.js';
import { type ChangesSince, fromChangeCursor, readChanges, readPresent, readThese } from './read-changes.js';
import { serviceStops } from './stream-errors.js';

/** Those who follow the changes of jobs in this process. */
export class Followers {
  private readonly feed: ChangeFeed;
  private readonly open = new Set<Follower>();

  /**
   * @param redis answers or fails soon.
   * @param patient waits for Redis.
   */
  constructor(
    private readonly redis: Redis,
    private readonly patient: Redis,
  ) {
    this.feed = new ChangeFeed(patient);
  }

  /** @throws ApiError `invalid-cursor`. */
  async follow({ cursor, jobs }: ChangesQuery): Promise<AsyncIterableIterator<JobChanges>> {
    const wanted = jobs === undefined ? null : new Set(jobs.split(','));
    const { end, changes } = await this.begin(cursor, wanted);
    const leave = this.feed.join(end);
    const follower: Follower = new Follower(
      this.feed,
      end,
      changes,
      (changes) => select(this.patient, wanted, changes),
      () => {
        this.open.delete(follower);
        leave();
      },
    );
    this.open.add(follower);
    return follower;
  }

  close(): void {
    for (const follower of this.open) follower.fail(serviceStops());
    this.feed.close();
  }

  /** The first message: all that changed since the cursor, or else the jobs wanted, even if there are none. */
  private async begin(cursor: string | undefined, wanted: ReadonlySet<string> | null): Promise<ChangesSince> {
    if (cursor === undefined) {
      // The position first: what changes meanwhile is in the next message too.
      const { end, changes } = await readPresent(this.redis);
      return { end, changes: wanted ? { ...changes, ...(await readThese(this.redis, wanted)) } : changes };
    }
    const { end, changes } = await readChanges(this.redis, fromChangeCursor(cursor));
    const selected = await select(this.redis, wanted, changes);
    return { end, changes: selected ?? { ...changes, jobs: [], deleted: [] } };
  }
}

/** What a follower of these jobs (null: of all) gets; null for nothing. */
async function select(
  redis: Redis,
  wanted: ReadonlySet<string> | null,
  changes: JobChanges,
): Promise<JobChanges | null> {
  if (changes.reset) return wanted ? { ...changes, ...(await readThese(redis, wanted)) } : changes;
  const jobs = wanted ? changes.jobs.filter(({ id }) => wanted.has(id)) : changes.jobs;
  const deleted = wanted ? changes.deleted.filter((id) => wanted.has(id)) : changes.deleted;
  if (jobs.length + deleted.length === 0) return null;
  // Unchanged, so that it is encoded once for all.
  return wanted ? { ...changes, jobs, deleted } : changes;
}
