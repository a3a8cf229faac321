import { cursorOf } from '../contract/cursor.js';
import type { ApiError } from '../contract/errors.js';
import type { JobEvent } from '../contract/events.js';

/** Each event is encoded once for all subscribers of its job. */
const messages = new WeakMap<JobEvent, Buffer>();
const chunks = new WeakMap<JobEvent, Buffer>();

/** The event as a WebSocket message: one JSON document. */
export function toMessage(event: JobEvent): Buffer {
  return once(messages, event, () => JSON.stringify(event));
}

/** The event as a server-sent event: its cursor as `id`, its type as `event`. */
export function toChunk(event: JobEvent): Buffer {
  return once(chunks, event, () => `id: ${cursorOf(event)}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
}

/** An error that ends the events. It has no `id`, so that a client that reconnects names the last event received. */
export function toErrorChunk(error: ApiError): string {
  return `event: error\ndata: ${JSON.stringify(error.toDocument())}\n\n`;
}

function once(known: WeakMap<JobEvent, Buffer>, event: JobEvent, encode: () => string): Buffer {
  let bytes = known.get(event);
  if (bytes === undefined) {
    bytes = Buffer.from(encode());
    known.set(event, bytes);
  }
  return bytes;
}
