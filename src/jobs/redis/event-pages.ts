import type { Redis } from 'ioredis';
import type { JobEvent } from '../../contract/events.js';
import { decodeEntry, hasLosses, positionOf } from './entries.js';
import { type Position, toId } from './position.js';
import { readPage, type StreamPage } from './stream-pages.js';

/** A page of a job's stream, decoded. Subscribers share it: do not change it. */
export interface EventPage extends Pick<StreamPage, 'trimmed' | 'exists'> {
  readonly events: readonly JobEvent[];
  /** Positions of its first and last entry, with or without an event; null without entries. */
  readonly first: Position | null;
  readonly last: Position | null;
}

/** Pages kept at most, and for how long, ms. */
const kept = 2;
const keepFor = 1000;

/**
 * Reads and decodes a page once for all subscribers that read from the same place at about the same time: after a
 * restart of the service, all that followed a job come back with the same cursor.
 */
export class EventPages {
  private readonly pages = new Map<string, Promise<EventPage>>();

  constructor(private readonly redis: Redis) {}

  /** @param withLosses whether events of losses are decoded. */
  read(job: string, after: Position, withLosses: boolean): Promise<EventPage> {
    const key = `${job} ${toId(after)} ${withLosses}`;
    const known = this.pages.get(key);
    if (known) return known;
    const page = this.load(job, after, withLosses);
    this.pages.set(key, page);
    for (const oldest of [...this.pages.keys()].slice(0, -kept)) this.pages.delete(oldest);
    const forget = () => {
      if (this.pages.get(key) === page) this.pages.delete(key);
    };
    // An empty page is to be read again soon.
    page.then(({ last }) => (last ? setTimeout(forget, keepFor).unref() : forget()), forget);
    return page;
  }

  private async load(job: string, after: Position, withLosses: boolean): Promise<EventPage> {
    const { entries, trimmed, exists } = await readPage(this.redis, job, after);
    const [first, last] = [entries[0], entries.at(-1)].map((entry) => (entry ? positionOf(entry) : null));
    const wanted = withLosses ? entries : entries.filter((entry) => !hasLosses(entry));
    const events = wanted.map((entry) => decodeEntry(job, entry));
    return { events, first: first ?? null, last: last ?? null, trimmed, exists };
  }
}
