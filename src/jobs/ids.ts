import { randomBytes } from 'node:crypto';

const alphabet = '0123456789abcdefghijkmnpqrstuvwx';
const pattern = /^j[0-9a-km-np-x]{18}$/;

/**
 * A job's id: "j", the time in milliseconds as nine digits, nine random digits, all of base 32. Ids sort by their time
 * of creation; they are safe in URLs, as file names, and for BullMQ, which takes neither integers nor colons.
 */
export function createJobId(time = Date.now()): string {
  let digits = '';
  for (let rest = time, i = 0; i < 9; i++) {
    digits = alphabet[rest % 32] + digits;
    rest = Math.floor(rest / 32);
  }
  for (const byte of randomBytes(9)) digits += alphabet[byte % 32];
  return `j${digits}`;
}

export function isJobId(text: string): boolean {
  return pattern.test(text);
}

/** @throws RangeError unless the text is a job's id: whatever becomes part of a path or a key goes through here. */
export function checkJobId(text: string): string {
  if (!isJobId(text)) throw new RangeError(`job id ${JSON.stringify(text)}: expected "j" and 18 digits of base 32`);
  return text;
}
