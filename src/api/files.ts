import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '../contract/errors.js';
import type { ByteRange, OpenArtifact } from '../jobs/artifacts.js';

/** A file to be sent. */
export interface ServedFile {
  /** Strong, without quotes: changes with the bytes. */
  readonly etag: string;
  readonly type: string;
  /** The name under which a browser saves it. */
  readonly fileName: string;
  /** Bytes; null where not known before the file is made. Such a file is sent whole. */
  readonly size: number | null;
  read(range?: ByteRange): Promise<Readable | Uint8Array>;
  /** For a file that is not read. */
  close(): Promise<void>;
}

/** A file of the artifact store as one to be sent. */
export async function storedFile(file: OpenArtifact, as: { type: string; fileName: string }): Promise<ServedFile> {
  try {
    const { size } = file;
    return { ...as, size, etag: await file.etag(), read: async (range) => file.read(range), close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Sends a file, with conditional requests by ETag and single ranges (RFC 9110, sections 13 and 14). */
export async function sendFile(request: FastifyRequest, reply: FastifyReply, file: ServedFile): Promise<FastifyReply> {
  const { etag, type, fileName, size } = file;
  const quoted = `"${etag}"`;
  reply.header('etag', quoted).header('cache-control', 'no-cache');
  if (!isCurrent(request.headers['if-match'], quoted)) {
    await file.close();
    throw new ApiError('precondition-failed', `If-Match: the file’s ETag is now ${quoted}.`);
  }
  if (matches(request.headers['if-none-match'], quoted)) {
    await file.close();
    // For HEAD without a body, Fastify would add Content-Length: 0.
    return reply.code(304).send(request.method === 'HEAD' ? Readable.from([]) : undefined);
  }
  const range = size === null ? null : rangeOf(request, quoted, size);
  if (range === 'unsatisfiable') {
    await file.close();
    reply.header('content-range', `bytes */${size}`);
    throw new ApiError('range-not-satisfiable', `${request.headers.range}: the file has ${size} bytes.`);
  }
  const content = await file.read(range ?? undefined);
  // Browsers show JSON, and save the rest.
  const disposition = type === 'application/json' ? 'inline' : 'attachment';
  reply.type(type).header('content-disposition', `${disposition}; filename="${fileName}"`);
  if (size !== null) {
    const { start, end } = range ?? { start: 0, end: size - 1 };
    reply.header('accept-ranges', 'bytes').header('content-length', end - start + 1);
    if (range) reply.code(206).header('content-range', `bytes ${start}-${end}/${size}`);
  }
  return reply.send(content);
}

function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  const tags = ifNoneMatch?.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags !== undefined && (tags.includes(etag) || tags.includes('*'));
}

/** Whether `If-Match`, a strong comparison, is met. */
function isCurrent(ifMatch: string | undefined, etag: string): boolean {
  const tags = ifMatch?.split(',').map((tag) => tag.trim());
  return tags === undefined || tags.includes(etag) || tags.includes('*');
}

/** null for the whole file, as for HEAD and, as the RFC permits, for several ranges or a header not understood. */
function rangeOf({ headers, method }: FastifyRequest, etag: string, size: number): ByteRange | 'unsatisfiable' | null {
  if (method !== 'GET') return null;
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(headers.range ?? '') ?? [];
  if (first === undefined || last === undefined || first + last === '') return null;
  if (headers['if-range'] !== undefined && headers['if-range'] !== etag) return null;
  const start = first === '' ? Math.max(size - Number(last), 0) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (first !== '' && last !== '' && Number(last) < start) return null;
  return start > end ? 'unsatisfiable' : { start, end };
}
