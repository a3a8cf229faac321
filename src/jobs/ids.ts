import { randomBytes } from 'node:crypto';

const alphabet = '0123456789abcdefghijkmnpqrstuvwx';
const jobPattern = /^j[0-9a-km-np-x]{18}$/;
const ownerPattern = /^[jo][0-9a-km-np-x]{18}$/;

/** A job's id: "j" and {@link createDigits}. Ids sort by time of creation. */
export function createJobId(time = Date.now()): string {
  return `j${createDigits(time)}`;
}

/**
 * The owner of a registered optimizer's files, so that its name stays out of paths: "o" and digits as in a job's id.
 */
export function createOptimizerId(time = Date.now()): string {
  return `o${createDigits(time)}`;
}

/**
 * The time in milliseconds as nine digits, and nine random digits, in base 32. They are safe in URLs, in file names,
 * and for BullMQ, which refuses integers and colons.
 */
function createDigits(time: number): string {
  let digits = timeDigits(time);
  for (const byte of randomBytes(9)) digits += alphabet[byte % 32];
  return digits;
}

function timeDigits(time: number): string {
  let digits = '';
  for (let rest = time, i = 0; i < 9; i++) {
    digits = alphabet[rest % 32] + digits;
    rest = Math.floor(rest / 32);
  }
  return digits;
}

/** What the ids of jobs created from this time on begin with, or come after. */
export function firstIdAt(time: number): string {
  return `j${timeDigits(time)}`;
}

export function isJobId(text: string): boolean {
  return jobPattern.test(text);
}

/** @throws RangeError unless the text is a job's id. Every part of a key is checked here. */
export function checkJobId(text: string): string {
  return check(text, jobPattern, 'job id');
}

/** @throws RangeError unless the text is the id of an owner of artifacts. Every part of a path is checked here. */
export function checkOwnerId(text: string): string {
  return check(text, ownerPattern, 'owner of artifacts');
}

function check(text: string, pattern: RegExp, what: string): string {
  if (pattern.test(text)) return text;
  throw new RangeError(
    `${what} ${JSON.stringify(text)}: expected a letter and 18 digits of base 32, as in ${pattern.source}`,
  );
}
