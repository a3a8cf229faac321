import type { Static } from 'typebox';
import { ByPresence, Strict } from './schema.js';
import { Type } from './type.js';

/** Names of trained optimizers, in the registry and in job documents. */

/** Part of keys and URLs, and used beside files and jobs on the command line: hence no dots, slashes or colons. */
export const optimizerNamePattern = '^[a-z0-9][a-z0-9_-]{0,63}$';
export const OptimizerName = Type.String({
  pattern: optimizerNamePattern,
  description: 'Name in the registry: 1 to 64 characters of a-z, 0-9, _ and -, beginning with a letter or a digit.',
});
export const OptimizerVersion = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });

const OfJob = Strict({
  job: Type.String({ minLength: 1, maxLength: 64, description: 'Id of a job that has weights.' }),
});
const Registered = Strict({ name: OptimizerName, version: Type.Optional(OptimizerVersion) });

export const TrainedOptimizerRef = ByPresence('name', Registered, OfJob, {
  title: 'TrainedOptimizerRef',
  description:
    'A trained optimizer: the weights of a job, {job}, or of the registry, {name, version}. Without a version, the newest at submission; the stored spec has its number.',
});
export type TrainedOptimizerRef = Static<typeof TrainedOptimizerRef>;
