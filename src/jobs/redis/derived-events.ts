import type { JobEvent } from '../../contract/events.js';

/** Events kept per event at most: subscribers may come back with as many different cursors as they like. */
const kept = 64;

const known = new WeakMap<JobEvent, Map<string, JobEvent>>();

/**
 * An event made from another, which is shared as that one is: it is made, and encoded, once for all subscribers.
 * @param how what else it depends on
 */
export function derived(from: JobEvent, how: string, make: () => JobEvent): JobEvent {
  const events = known.get(from) ?? new Map<string, JobEvent>();
  known.set(from, events);
  const event = events.get(how) ?? make();
  if (events.size < kept) events.set(how, event);
  return event;
}
