import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { Static } from 'typebox';
import { Catalogue, catalogue } from '../../contract/catalogue.js';
import { Strict } from '../../contract/schema.js';
import { Type } from '../../contract/type.js';
import type { Jobs } from '../../jobs/jobs.js';
import { version } from '../../version.js';
import { negotiate } from '../negotiate.js';
import { emptyResponse, errors, Health, response } from '../schemas.js';

const tags = ['service'];
const querystring = Strict({});

const Links = Type.Object({
  name: Type.String(),
  version: Type.String(),
  links: Type.Record(Type.String(), Type.String()),
});
const root: Static<typeof Links> = {
  name: 'metadescent',
  version: version(),
  links: {
    dashboard: '/ui/',
    jobs: '/jobs',
    optimizers: '/optimizers',
    catalogue: '/catalogue',
    openapi: '/openapi.yaml',
    docs: '/docs',
  },
};

export const serviceRoutes =
  (jobs: Jobs): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/',
      {
        schema: {
          operationId: 'getRoot',
          summary: 'Paths of the API',
          tags,
          querystring,
          response: {
            200: response('Name, version and paths.', Links),
            302: emptyResponse('To the dashboard, where the client prefers text/html, as browsers do.'),
            ...errors(),
          },
        },
      },
      async ({ headers: { accept } }, reply) => {
        reply.header('vary', 'accept');
        const type = negotiate(accept, ['application/json', 'text/html']);
        return type === 'text/html' ? reply.redirect('/ui/') : reply.send(root);
      },
    );

    app.get(
      '/catalogue',
      {
        schema: {
          operationId: 'getCatalogue',
          summary: 'What a job can name: problems, hand-designed and learned optimizers, preprocessing',
          tags,
          querystring,
          response: { 200: response('All entries, with their JSON Schemas and defaults.', Catalogue), ...errors() },
        },
      },
      async () => catalogue,
    );

    app.get(
      '/healthz',
      {
        schema: {
          operationId: 'getHealth',
          summary: 'Whether the process is running',
          tags,
          querystring,
          response: { 200: response('It is running.', Health), ...errors() },
        },
      },
      async () => ({ status: 'ok' }),
    );

    app.get(
      '/readyz',
      {
        schema: {
          operationId: 'getReadiness',
          summary: 'Whether it can serve jobs',
          description: 'Whether Redis answers, accepts writes, is recent enough, and deletes nothing when full.',
          tags,
          querystring,
          response: { 200: response('It can serve jobs.', Health), ...errors('unavailable') },
        },
      },
      async () => {
        await jobs.ping();
        return { status: 'ok' };
      },
    );

    app.get(
      '/openapi.yaml',
      {
        schema: {
          operationId: 'getOpenApi',
          summary: 'The OpenAPI 3.1 document of this API',
          tags,
          querystring,
          response: { 200: response('The document.', Type.String(), { type: 'application/yaml' }), ...errors() },
        },
      },
      async (_request, reply) => reply.type('application/yaml').send(app.swagger({ yaml: true })),
    );
  };
