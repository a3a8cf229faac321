import { parseJson } from '../src/api/body.js';
import { checkWeights } from '../src/api/uploads.js';
import { ApiError } from '../src/contract/errors.js';
import { jobSpecValidator, parseJobSpec } from '../src/contract/validate.js';
import { metadataValidators } from '../src/weights/metadata.js';
import { type RandomBody, randomBodies } from './random-documents.js';

/** `npm run bench -- --documents`: how long a request's body may hold up the service, in processor time. */

/** Milliseconds of processor time that no body may take. */
const allowed = 50;
const count = 5000;
const seed = 14;

/** What the service does with a body before it knows whether to keep it. @returns an error's code, or "kept" */
export async function handle({ kind, bytes }: RandomBody): Promise<string> {
  try {
    if (kind === 'upload') await checkWeights(bytes);
    else parseJobSpec(parseJson(bytes));
    return 'kept';
  } catch (error) {
    if (error instanceof ApiError) return error.code;
    throw error;
  }
}

async function timed(body: RandomBody): Promise<number> {
  const before = process.cpuUsage();
  await handle(body);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

export async function measureDocuments(): Promise<number> {
  // As the service does when it starts.
  jobSpecValidator();
  metadataValidators();
  const worst = { time: 0, what: '' };
  let total = 0;
  for (const body of randomBodies(count, seed)) {
    let time = await timed(body);
    // The process's time has collections of earlier bodies' garbage in it, which come by chance: twice more, the least.
    if (time > allowed) time = Math.min(time, await timed(body), await timed(body));
    total += time;
    if (time > worst.time)
      Object.assign(worst, { time, what: `${body.kind} of ${body.bytes.length} bytes, ${body.what}` });
  }
  console.log(
    `${count} random bodies below 1 MiB, seed ${seed}: ${(total / count).toFixed(2)} ms of processor time each.`,
  );
  console.log(`Maximum: ${worst.time.toFixed(1)} ms (${worst.what}); allowed: ${allowed} ms.`);
  return worst.time > allowed ? 1 : 0;
}
