import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ApiError } from '../../contract/errors.js';
import { artifactNames } from '../../contract/job.js';
import { ArtifactList } from '../../contract/lists.js';
import { ComparisonResults } from '../../contract/results.js';
import { Strict } from '../../contract/schema.js';
import { Type } from '../../contract/type.js';
import type { Jobs } from '../../jobs/jobs.js';
import { sendFile, storedFile } from '../files.js';
import { notMade } from '../not-made.js';
import { ArtifactParams, errors, fileResponses, JobParams, response } from '../schemas.js';

const tags = ['results'];

export const resultRoutes =
  (jobs: Jobs): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/jobs/:id/results',
      {
        schema: {
          operationId: 'getResults',
          summary: 'The comparison: curves, quantiles, tuned rates, intervals',
          tags,
          params: JobParams,
          querystring: Strict({}),
          response: {
            ...fileResponses('The results of the comparison.', { 'application/json': ComparisonResults }),
            ...errors('not-found', 'not-ready', 'precondition-failed', 'range-not-satisfiable'),
          },
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        const job = await jobs.get(id);
        const as = { type: 'application/json', fileName: `${id}-results.json` };
        const file = await jobs.artifacts.open(id, artifactNames.results);
        if (file === null) throw notMade(job, 'results', job.spec.comparison !== null);
        return sendFile(request, reply, await storedFile(file, as));
      },
    );

    app.get(
      '/jobs/:id/artifacts',
      {
        schema: {
          operationId: 'listArtifacts',
          summary: 'The files of a job',
          tags,
          params: JobParams,
          querystring: Strict({}),
          response: { 200: response('The files, by name.', ArtifactList), ...errors('not-found') },
        },
      },
      async (request): Promise<ArtifactList> => {
        const { id } = await jobs.get(request.params.id);
        const names = await jobs.artifacts.list(id);
        const infos = await Promise.all(names.map((name) => jobs.artifacts.stat(id, name)));
        return { artifacts: names.flatMap((name, i) => (infos[i] ? [{ name, ...infos[i] }] : [])) };
      },
    );

    app.get(
      '/jobs/:id/artifacts/:name',
      {
        schema: {
          operationId: 'getArtifact',
          summary: 'One file of a job',
          tags,
          params: ArtifactParams,
          querystring: Strict({}),
          response: {
            ...fileResponses('The file.', {
              'application/octet-stream': null,
              'application/vnd.safetensors': null,
              'application/json': Type.Unknown(),
            }),
            ...errors('not-found', 'precondition-failed', 'range-not-satisfiable'),
          },
        },
      },
      async (request, reply) => {
        const { name } = request.params;
        const { id } = await jobs.get(request.params.id);
        // Only a listed name is passed to the store, for which an illegal one is a programming error.
        const known = (await jobs.artifacts.list(id)).includes(name);
        const as = { type: typeOf(name), fileName: `${id}-${name}` };
        const file = known ? await jobs.artifacts.open(id, name) : null;
        if (file === null) throw new ApiError('not-found', `The job has no artifact ${JSON.stringify(name)}.`);
        return sendFile(request, reply, await storedFile(file, as));
      },
    );
  };

function typeOf(name: string): string {
  if (name.endsWith('.json')) return 'application/json';
  return name.endsWith('.safetensors') ? 'application/vnd.safetensors' : 'application/octet-stream';
}
