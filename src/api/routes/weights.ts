import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { artifactNames } from '../../contract/job.js';
import type { Jobs } from '../../jobs/jobs.js';
import { notMade } from '../not-made.js';
import { errors, JobParams } from '../schemas.js';
import { sendWeights, WeightsQuery, weightsDescription, weightsResponses } from '../weights.js';

export const weightsRoute =
  (jobs: Jobs): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/jobs/:id/weights',
      {
        schema: {
          operationId: 'getWeights',
          summary: 'The trained optimizer',
          description: weightsDescription,
          tags: ['results'],
          params: JobParams,
          querystring: WeightsQuery,
          response: {
            ...weightsResponses,
            ...errors(
              'invalid-document',
              'not-found',
              'not-acceptable',
              'not-ready',
              'precondition-failed',
              'range-not-satisfiable',
            ),
          },
        },
      },
      (request, reply) =>
        sendWeights(request, reply, async () => {
          const { id } = request.params;
          const job = await jobs.get(id);
          const file = await jobs.artifacts.open(id, artifactNames.weights);
          if (file === null) throw notMade(job, 'weights', job.spec.kind === 'metatrain');
          return { file, name: id };
        }),
    );
  };
