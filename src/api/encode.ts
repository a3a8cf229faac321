import { cursorOf } from '../contract/cursor.js';
import type { ApiError } from '../contract/errors.js';
import type { JobEvent } from '../contract/events.js';
import type { JobChanges } from '../contract/lists.js';

/** Each event is encoded once for all its subscribers. */
const frames = new WeakMap<object, Buffer>();
const chunks = new WeakMap<object, Buffer>();

/**
 * The event as a WebSocket message: one JSON document, in one text frame (RFC 6455, section 5.2). A server's frames are
 * not masked, so all subscribers get the same bytes.
 */
export function toFrame(event: JobEvent): Buffer {
  return once(frames, event, () => {
    const text = Buffer.from(JSON.stringify(event));
    const header = Buffer.alloc(text.length < 126 ? 2 : text.length < 65_536 ? 4 : 10);
    header[0] = 0x81;
    header[1] = header.length === 2 ? text.length : header.length === 4 ? 126 : 127;
    if (header.length === 4) header.writeUInt16BE(text.length, 2);
    if (header.length === 10) header.writeBigUInt64BE(BigInt(text.length), 2);
    return Buffer.concat([header, text]);
  });
}

/** The event as a server-sent event: its cursor as `id`, its type as `event`. */
export function toChunk(event: JobEvent): Buffer {
  return once(chunks, event, () => serverSentEvent(cursorOf(event), event.type, event));
}

/** Changes of jobs as a server-sent event. */
export function toChangesChunk(changes: JobChanges): Buffer {
  return once(chunks, changes, () => serverSentEvent(changes.cursor, 'jobs', changes));
}

function serverSentEvent(id: string, type: string, document: object): Buffer {
  return Buffer.from(`id: ${id}\nevent: ${type}\ndata: ${JSON.stringify(document)}\n\n`);
}

/** An error that ends the events. It has no `id`, so that a client that reconnects names the last event received. */
export function toErrorChunk(error: ApiError): string {
  return `event: error\ndata: ${JSON.stringify(error.toDocument())}\n\n`;
}

function once(known: WeakMap<object, Buffer>, event: object, encode: () => Buffer): Buffer {
  let bytes = known.get(event);
  if (bytes === undefined) {
    bytes = encode();
    known.set(event, bytes);
  }
  return bytes;
}
