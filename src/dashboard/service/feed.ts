import { batch, signal } from '@preact/signals';
import { backoff } from '../../client/backoff.js';
import type { JobSummary } from '../../contract/job-summary.js';
import type { JobChanges } from '../../contract/lists.js';

/** What has changed in the service's jobs. */
export type Changes = Omit<JobChanges, 'cursor'>;
type Listener = (changes: Changes) => void;

/** Whether the service answers. */
export const online = signal(true);

/** Milliseconds without a message after which a page that is looked at again does not trust its connection. */
const trust = 30_000;

const listeners = new Set<Listener>();
let source: EventSource | null = null;
let cursor: string | null = null;
let tries = 0;
let heardAt = 0;

let reached = () => {};
let begun = Promise.resolve();
/** Waits for the feed's first message, or its first failure: what is fetched later is no older than the feed. */
export function feedBegun(): Promise<void> {
  return begun;
}

/**
 * Calls the listener with what has changed, at most once per frame and in one batch of signals; the feed itself is one
 * stream for all pages. After `reset`, whatever was fetched has to be fetched again.
 * @returns ends it
 */
export function follow(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Opens the stream, and keeps it open. */
export function startFeed(): void {
  begun = new Promise((resolve) => {
    reached = resolve;
  });
  connect();
  document.addEventListener('visibilitychange', () => {
    if (document.hidden || source === null || performance.now() - heardAt < trust) return;
    source.close();
    connect();
  });
}

function connect(): void {
  const from = cursor;
  const opened = new EventSource(from === null ? '/events' : `/events?cursor=${encodeURIComponent(from)}`);
  source = opened;
  heardAt = performance.now();
  opened.addEventListener('jobs', ({ data }) => {
    const { cursor: next, ...changes } = JSON.parse(data) as JobChanges;
    heardAt = performance.now();
    cursor = next;
    tries = 0;
    // Without a cursor, what happened while there was no connection is unknown.
    const missed = from === null && !online.peek();
    if (!online.peek()) online.value = true;
    reached();
    note(missed ? { ...changes, reset: true } : changes);
  });
  opened.onerror = () => {
    // A refusal, unlike a lost connection, closes it. The cursor may be that of another service.
    if (opened.readyState === EventSource.CLOSED) cursor = null;
    opened.close();
    source = null;
    online.value = false;
    reached();
    setTimeout(connect, backoff(tries++));
  };
}

const jobs = new Map<string, JobSummary>();
const deleted = new Set<string>();
let reset = false;
let scheduled = false;

/** Keeps the changes for the next frame. A hidden page has none, and the latest of each job are all it needs. */
function note(changes: Changes): void {
  reset ||= changes.reset;
  for (const job of changes.jobs) jobs.set(job.id, job);
  for (const id of changes.deleted) {
    jobs.delete(id);
    deleted.add(id);
  }
  if (scheduled) return;
  scheduled = true;
  requestAnimationFrame(flush);
}

function flush(): void {
  const changes = { jobs: [...jobs.values()], deleted: [...deleted], reset };
  jobs.clear();
  deleted.clear();
  reset = scheduled = false;
  batch(() => {
    for (const listener of listeners) listener(changes);
  });
}
