import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ApiError, invalidField } from '../../contract/errors.js';
import { artifactNames } from '../../contract/job.js';
import { OptimizerList } from '../../contract/lists.js';
import { OptimizersQuery } from '../../contract/queries.js';
import { RegisteredOptimizer, RegisterRequest } from '../../contract/registry.js';
import { Strict } from '../../contract/schema.js';
import { OptimizerName } from '../../contract/trained.js';
import { Type } from '../../contract/type.js';
import { sha256 } from '../../jobs/digest.js';
import type { Jobs } from '../../jobs/jobs.js';
import type { Registration } from '../../jobs/optimizers.js';
import { isOfOtherType } from '../body.js';
import { notMade } from '../not-made.js';
import { CreateHeaders, emptyResponse, errors, fileBody, OptimizerParams, response } from '../schemas.js';
import { acceptWeights, checkWeights, uploadTypes } from '../uploads.js';
import { sendWeights, WeightsQuery, weightsDescription, weightsResponses } from '../weights.js';

const tags = ['optimizers'];
const location = { Location: Type.String({ description: 'Path of the record.' }) };

const description = `From a job: a JSON document {name, job}; the registry keeps its own copy, which outlives the job. Or
an upload: the safetensors file itself as the body, and the name in the query. Every file is checked: its format, its
tensors against its spec, every number. Versions are numbered from 1 per name.`;

export const optimizerRoutes =
  (jobs: Jobs): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/optimizers',
      {
        schema: {
          operationId: 'listOptimizers',
          summary: 'Registered optimizers, latest first',
          tags,
          querystring: OptimizersQuery,
          response: {
            200: response('A page of the registry.', OptimizerList),
            ...errors('invalid-document', 'invalid-cursor'),
          },
        },
      },
      (request) => jobs.optimizers.list(request.query),
    );

    await app.register(registerRoute(jobs));

    app.get(
      '/optimizers/:name/:version',
      {
        schema: {
          operationId: 'getOptimizer',
          summary: 'One version: its spec and provenance',
          tags,
          params: OptimizerParams,
          querystring: Strict({}),
          response: { 200: response('The record.', RegisteredOptimizer), ...errors('not-found') },
        },
      },
      (request) => jobs.optimizers.get(...versionOf(request.params)),
    );

    app.get(
      '/optimizers/:name/:version/weights',
      {
        schema: {
          operationId: 'getOptimizerWeights',
          summary: 'The weights of a version',
          description: weightsDescription,
          tags,
          params: OptimizerParams,
          querystring: WeightsQuery,
          response: {
            ...weightsResponses,
            ...errors(
              'invalid-document',
              'not-found',
              'not-acceptable',
              'precondition-failed',
              'range-not-satisfiable',
            ),
          },
        },
      },
      (request, reply) =>
        sendWeights(request, reply, async () => {
          const [name, version] = versionOf(request.params);
          return { file: await jobs.optimizers.open(name, version), name: `${name}-${version}` };
        }),
    );

    app.delete(
      '/optimizers/:name/:version',
      {
        preParsing: async (request) => {
          if (isOfOtherType(request)) await jobs.optimizers.get(...versionOf(request.params));
        },
        schema: {
          operationId: 'deleteOptimizer',
          summary: 'Delete a version; its number is never reused',
          description:
            'A running comparison has its weights already and continues. A queued one that names this version fails as `weights-missing` when it starts.',
          tags,
          params: OptimizerParams,
          querystring: Strict({}),
          response: { 204: emptyResponse('Deleted.'), ...errors('not-found') },
        },
      },
      async (request, reply) => {
        await jobs.optimizers.delete(...versionOf(request.params));
        return reply.code(204).send();
      },
    );
  };

/** In its own scope, since no other route accepts files. */
const registerRoute =
  (jobs: Jobs): FastifyPluginAsyncTypebox =>
  async (app) => {
    acceptWeights(app);
    app.post(
      '/optimizers',
      {
        schema: {
          operationId: 'registerOptimizer',
          summary: 'Register the weights of a job, or an uploaded weights file, under a name',
          description,
          tags,
          headers: CreateHeaders,
          querystring: Strict({
            name: Type.Optional(
              Type.Unsafe<string>({ ...OptimizerName, description: 'Name for an upload; a document has its own.' }),
            ),
          }),
          body: { content: { 'application/json': { schema: RegisterRequest }, ...fileBody(uploadTypes) } },
          response: {
            201: response('Registered.', RegisteredOptimizer, { headers: location }),
            200: response('The version that this Idempotency-Key created earlier.', RegisteredOptimizer, {
              headers: location,
            }),
            ...errors(
              'invalid-document',
              'invalid-weights',
              'malformed-json',
              'idempotency-conflict',
              'not-ready',
              'body-too-large',
              'unsupported-media-type',
            ),
          },
        },
      },
      async (request, reply) => {
        const body = request.body as Buffer | RegisterRequest;
        const registration = await registrationOf(jobs, body, request.query.name);
        const { optimizer, created } = await jobs.optimizers.register(registration, request.headers['idempotency-key']);
        return reply
          .code(created ? 201 : 200)
          .header('location', `/optimizers/${optimizer.name}/${optimizer.version}`)
          .send(optimizer);
      },
    );
  };

async function registrationOf(
  jobs: Jobs,
  body: Buffer | RegisterRequest,
  name: string | undefined,
): Promise<Registration> {
  if (Buffer.isBuffer(body)) {
    if (name === undefined)
      throw invalidField('/name', undefined, 'a value: name the upload with POST /optimizers?name=NAME');
    return { name, job: null, digest: await sha256(body), read: () => checkWeights(body) };
  }
  if (name !== undefined) throw invalidField('/name', name, 'nothing: the document names it');
  return { ...body, digest: null, read: async () => checkWeights(await weightsOf(jobs, body.job)) };
}

/** @throws ApiError `invalid-document` where the job has no weights, `not-ready` where it may still get some. */
async function weightsOf(jobs: Jobs, id: string): Promise<Uint8Array> {
  const job = await jobs.get(id).catch((error) => {
    if (error instanceof ApiError && error.code === 'not-found') return null;
    throw error;
  });
  const bytes = job && (await jobs.artifacts.read(job.id, artifactNames.weights));
  if (bytes) return bytes;
  const error = job && notMade(job, 'weights', job.spec.kind === 'metatrain');
  if (error?.code === 'not-ready') throw error;
  throw invalidField('/job', id, 'the id of a job that has weights');
}

/** @throws ApiError `not-found` for text that is not a version number. */
function versionOf({ name, version }: { name: string; version: string }): [name: string, version: number] {
  if (/^[1-9]\d{0,14}$/.test(version)) return [name, Number(version)];
  throw new ApiError(
    'not-found',
    `There is no version ${JSON.stringify(version.slice(0, 80))} of an optimizer: versions are numbered from 1.`,
  );
}
