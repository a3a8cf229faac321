import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { DryRun } from '../../contract/dry-run.js';
import { Job } from '../../contract/job.js';
import { JobList, JobSummaryList } from '../../contract/lists.js';
import { CreateQuery, JobsQuery } from '../../contract/queries.js';
import { Strict } from '../../contract/schema.js';
import { JobSpec } from '../../contract/spec.js';
import { Type } from '../../contract/type.js';
import type { Jobs } from '../../jobs/jobs.js';
import { isOfOtherType } from '../body.js';
import { LossFormsQuery, lossesDescription, lossesResponse, sendLosses } from '../losses.js';
import { CreateHeaders, emptyResponse, errors, JobParams, response } from '../schemas.js';

const tags = ['jobs'];

const location = { Location: Type.String({ description: 'Path of the job.' }) };

const EitherList = Type.Unsafe<JobList | JobSummaryList>({ anyOf: [JobList, JobSummaryList] });

export const jobRoutes =
  (jobs: Jobs): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post(
      '/jobs',
      {
        schema: {
          operationId: 'createJob',
          summary: 'Submit a job',
          tags,
          headers: CreateHeaders,
          querystring: CreateQuery,
          body: JobSpec,
          response: {
            201: response('The job is queued.', Job, { headers: location }),
            200: response(
              'The job that this Idempotency-Key created earlier; with `dryRun=true`, the DryRun.',
              Type.Unsafe<Job | DryRun>({ anyOf: [Job, DryRun] }),
              { headers: { Location: Type.String({ description: 'Path of the job; not with `dryRun=true`.' }) } },
            ),
            ...errors(
              'invalid-document',
              'malformed-json',
              'idempotency-conflict',
              'body-too-large',
              'unsupported-media-type',
            ),
          },
        },
      },
      async (request, reply) => {
        if (request.query.dryRun === 'true') return jobs.dryRun(request.body);
        const { job, created } = await jobs.create(request.body, request.headers['idempotency-key']);
        return reply
          .code(created ? 201 : 200)
          .header('location', `/jobs/${job.id}`)
          .send(job);
      },
    );

    app.get(
      '/jobs',
      {
        schema: {
          operationId: 'listJobs',
          summary: 'Jobs, newest first',
          tags,
          querystring: JobsQuery,
          response: {
            200: response('A page of jobs.', EitherList),
            ...errors('invalid-document', 'invalid-cursor'),
          },
        },
      },
      ({ query: { fields, ...query } }) => (fields === 'summary' ? jobs.summaries(query) : jobs.list(query)),
    );

    app.get(
      '/jobs/:id',
      {
        schema: {
          operationId: 'getJob',
          summary: 'One job',
          tags,
          params: JobParams,
          querystring: Strict({}),
          response: { 200: response('The job.', Job), ...errors('not-found') },
        },
      },
      (request) => jobs.get(request.params.id),
    );

    app.post(
      '/jobs/:id/cancel',
      {
        preParsing: async (request) => {
          if (isOfOtherType(request)) await jobs.get(request.params.id);
        },
        schema: {
          operationId: 'cancelJob',
          summary: 'Cancel a job: a queued one at once, a running one within a second',
          tags,
          params: JobParams,
          querystring: Strict({}),
          response: {
            200: response('The job; a running one may still be stopping.', Job),
            ...errors('not-found', 'conflict'),
          },
        },
      },
      (request) => jobs.cancel(request.params.id),
    );

    app.delete(
      '/jobs/:id',
      {
        preParsing: async (request) => {
          if (isOfOtherType(request)) await jobs.get(request.params.id);
        },
        schema: {
          operationId: 'deleteJob',
          summary: 'Delete a job that has ended: its record, its events, its artifacts',
          tags,
          params: JobParams,
          querystring: Strict({}),
          response: { 204: emptyResponse('Deleted.'), ...errors('not-found', 'conflict') },
        },
      },
      async (request, reply) => {
        await jobs.delete(request.params.id);
        return reply.code(204).send();
      },
    );

    app.get(
      '/jobs/:id/losses',
      {
        schema: {
          operationId: 'getLosses',
          summary: 'Training losses of a range of meta-iterations, in buckets or every point',
          description: lossesDescription,
          tags,
          params: JobParams,
          querystring: LossFormsQuery,
          response: { 200: lossesResponse, ...errors('invalid-document', 'not-found', 'not-acceptable') },
        },
      },
      (request, reply) => sendLosses(jobs, request, reply),
    );
  };
