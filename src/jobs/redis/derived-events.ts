import type { JobEvent } from '../../contract/events.js';

const known = new WeakMap<JobEvent, Map<string, JobEvent>>();

/**
 * An event made from another, which is shared as that one is: it is made, and encoded, once for all subscribers.
 * @param how what else it depends on
 */
export function derived(from: JobEvent, how: string, make: () => JobEvent): JobEvent {
  const events = known.get(from) ?? new Map<string, JobEvent>();
  known.set(from, events);
  const event = events.get(how) ?? make();
  events.set(how, event);
  return event;
}
