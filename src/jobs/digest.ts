import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';

/** Bytes hashed per turn of the event loop: a large file takes a tenth of a second in total. */
const piece = 2 ** 20;

/** The SHA-256 of the bytes, in hexadecimal. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  const hash = createHash('sha256');
  for (let at = 0; at < bytes.length; at += piece) {
    if (at > 0) await setImmediate();
    hash.update(bytes.subarray(at, at + piece));
  }
  return hash.digest('hex');
}
