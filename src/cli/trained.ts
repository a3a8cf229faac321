import { optimizerNamePattern, type TrainedOptimizerRef } from '../contract/trained.js';
import { UserError } from '../contract/user-error.js';
import { isJobId } from '../jobs/ids.js';

/** How commands name a trained optimizer of the service. */
export const trainedHelp =
  'the id of a job, or NAME[@VERSION] of a registered optimizer (by default the newest version)';

const place = /^(?<name>[^@]+)(?:@(?<version>[1-9]\d{0,14}))?$/;
const isName = new RegExp(optimizerNamePattern);

/** Parses a job's id or NAME[@VERSION]; null for neither. A name that looks like a job's id needs its version. */
export function parseTrained(text: string): TrainedOptimizerRef | null {
  if (isJobId(text)) return { job: text };
  const { name = '', version } = place.exec(text)?.groups ?? {};
  if (!isName.test(name)) return null;
  return { name, ...(version !== undefined && { version: Number(version) }) };
}

/** @throws UserError if the text is neither. */
export function trainedOf(text: string): TrainedOptimizerRef {
  const trained = parseTrained(text);
  if (trained) return trained;
  throw new UserError(`${text}: expected ${trainedHelp}; names consist of a-z, 0-9, _ and -.`, 'usage');
}

/** @throws UserError if the text is not NAME[@VERSION]. */
export function registeredOf(text: string): { name: string; version?: number } {
  const trained = trainedOf(text);
  if ('name' in trained) return trained;
  throw new UserError(`${text} is the id of a job: expected NAME[@VERSION] of a registered optimizer.`, 'usage');
}
