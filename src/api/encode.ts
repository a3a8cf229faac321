import { cursorOf } from '../contract/cursor.js';
import type { ApiError } from '../contract/errors.js';
import type { JobEvent } from '../contract/events.js';
import type { JobChanges } from '../contract/lists.js';

/** Each event is encoded once for all its subscribers. */
const messages = new WeakMap<object, Buffer>();
const chunks = new WeakMap<object, Buffer>();

/** The event as a WebSocket message: one JSON document. */
export function toMessage(event: JobEvent): Buffer {
  return once(messages, event, () => JSON.stringify(event));
}

/** The event as a server-sent event: its cursor as `id`, its type as `event`. */
export function toChunk(event: JobEvent): Buffer {
  return once(chunks, event, () => serverSentEvent(cursorOf(event), event.type, event));
}

/** Changes of jobs as a server-sent event. */
export function toChangesChunk(changes: JobChanges): Buffer {
  return once(chunks, changes, () => serverSentEvent(changes.cursor, 'jobs', changes));
}

function serverSentEvent(id: string, type: string, document: object): string {
  return `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify(document)}\n\n`;
}

/** An error that ends the events. It has no `id`, so that a client that reconnects names the last event received. */
export function toErrorChunk(error: ApiError): string {
  return `event: error\ndata: ${JSON.stringify(error.toDocument())}\n\n`;
}

function once(known: WeakMap<object, Buffer>, event: object, encode: () => string): Buffer {
  let bytes = known.get(event);
  if (bytes === undefined) {
    bytes = Buffer.from(encode());
    known.set(event, bytes);
  }
  return bytes;
}
