import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { Static } from 'typebox';
import { Catalogue, catalogue } from '../../contract/catalogue.js';
import { Strict } from '../../contract/schema.js';
import { Type } from '../../contract/type.js';
import type { Jobs } from '../../jobs/jobs.js';
import { version } from '../../version.js';
import { answer, errors, Health } from '../schemas.js';

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
  links: { jobs: '/jobs', optimizers: '/optimizers', catalogue: '/catalogue', openapi: '/openapi.yaml', docs: '/docs' },
};

export const serviceRoutes =
  (jobs: Jobs): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/',
      {
        schema: {
          operationId: 'getRoot',
          summary: 'Where to go from here',
          tags,
          querystring,
          response: { 200: answer('Name, version and paths.', Links), ...errors() },
        },
      },
      async () => root,
    );

    app.get(
      '/catalogue',
      {
        schema: {
          operationId: 'getCatalogue',
          summary: 'What a job can name: problems, rules, learned optimizers, preprocessings',
          tags,
          querystring,
          response: { 200: answer('Each with its JSON Schema and its defaults.', Catalogue), ...errors() },
        },
      },
      async () => catalogue,
    );

    app.get(
      '/healthz',
      {
        schema: {
          operationId: 'getHealth',
          summary: 'Whether the process is up',
          tags,
          querystring,
          response: { 200: answer('It is.', Health), ...errors() },
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
          description: 'Whether Redis answers, takes writes, is recent enough, and deletes nothing when it is full.',
          tags,
          querystring,
          response: { 200: answer('It can.', Health), ...errors('unavailable') },
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
          summary: 'This API’s description, OpenAPI 3.1',
          tags,
          querystring,
          response: { 200: answer('The document.', Type.String(), { type: 'application/yaml' }), ...errors() },
        },
      },
      async (_request, reply) => reply.type('application/yaml').send(app.swagger({ yaml: true })),
    );
  };
