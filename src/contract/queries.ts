import type { Static } from 'typebox';
import { eventTypes, JobState } from './events.js';
import { Choice, Strict } from './schema.js';
import { OptimizerName } from './trained.js';
import { Type } from './type.js';

/** Queries for lists and series: the API's query parameters, which its client and its store take too. */

/** The fields that choose a page of a list. */
function page(what: string) {
  return {
    cursor: Type.Optional(Type.String({ maxLength: 256, description: '`next` of the previous page.' })),
    limit: Type.Integer({
      minimum: 1,
      maximum: 200,
      default: 50,
      description: `${what} per page at most. A page may have fewer, or none, although others follow.`,
    }),
  };
}

export const JobsQuery = Strict({
  state: Type.Optional(JobState),
  label: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: 'Only jobs with this label.' })),
  problem: Type.Optional(
    Type.String({ minLength: 1, maxLength: 64, description: 'Only jobs on the problem with this name.' }),
  ),
  title: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 200,
      description: 'Only jobs whose title has, for each of these words, a word that begins with it; case is ignored.',
    }),
  ),
  fields: Choice(['all', 'summary'], {
    default: 'all',
    description: '"summary" returns a JobSummary for each job, without its document.',
  }),
  ...page('Jobs'),
});
export type JobsQuery = Static<typeof JobsQuery>;

export const CreateQuery = Strict({
  dryRun: Choice(['true', 'false'], {
    default: 'false',
    description:
      '"true" checks the document as a submission does, and returns a DryRun: no job is created, and an Idempotency-Key has no effect.',
  }),
});
export type CreateQuery = Static<typeof CreateQuery>;

export const OptimizersQuery = Strict({ name: Type.Optional(OptimizerName), ...page('Optimizers') });
export type OptimizersQuery = Static<typeof OptimizersQuery>;

export const LossesQuery = Strict({
  from: Type.Optional(Type.Integer({ minimum: 0, description: 'First meta-iteration; 0 by default.' })),
  to: Type.Optional(Type.Integer({ minimum: 0, description: 'One past the last meta-iteration; the end by default.' })),
  points: Type.Integer({ minimum: 1, maximum: 10_000, default: 1000, description: 'Maximum number of buckets.' }),
});
export type LossesQuery = Static<typeof LossesQuery>;

const eventType = `(${eventTypes.join('|')})`;
/** Types of events, separated by commas. */
export const eventTypesPattern = `^${eventType}(,${eventType})*$`;

/** Where a subscriber of a job's events resumes, and what it gets of them. */
export const StreamQuery = Strict({
  cursor: Type.Optional(
    Type.String({
      maxLength: 64,
      description:
        'Cursor of the last event received: its `cursor`, or else its `attempt.seq`. Without it, events start from the first.',
    }),
  ),
  types: Type.Optional(
    Type.String({
      pattern: eventTypesPattern,
      description:
        'Only events of these types, separated by commas; "losses" includes "loss-buckets". The final `state`, and `truncated`, are always sent.',
    }),
  ),
  rate: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 100,
      description:
        'At most this many messages with losses per second: `loss-buckets` events, each of at most 64 buckets, which sum up every point since the last one, take the place of `losses`. Other events are not thinned.',
    }),
  ),
});
export type StreamQuery = Static<typeof StreamQuery>;

/** Jobs that a page follows, and where it resumes. */
export const ChangesQuery = Strict({
  cursor: Type.Optional(
    Type.String({ maxLength: 64, description: '`cursor` of the last message received; without it, from now on.' }),
  ),
  jobs: Type.Optional(
    Type.String({
      pattern: '^[0-9A-Za-z]{1,64}(,[0-9A-Za-z]{1,64}){0,199}$',
      description: 'Only these jobs: ids separated by commas, at most 200. The first message then has all of them.',
    }),
  ),
});
export type ChangesQuery = Static<typeof ChangesQuery>;

/** A query in which fields with a default may be left out. */
export type Asked<Query> = { [K in keyof Query]?: Query[K] | undefined };
