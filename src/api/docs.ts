import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { documentOptions } from './document.js';

/** No source but our own: the page works without a network, and shows no document to anybody else. */
const contentSecurityPolicy =
  "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; frame-ancestors 'self'";

/** Notes the routes that come after it, for /openapi.yaml. */
export async function describeRoutes(app: FastifyInstance): Promise<void> {
  await app.register(swagger, documentOptions());
}

/** The page under /docs. */
export async function serveDocs(app: FastifyInstance): Promise<void> {
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: contentSecurityPolicy,
    uiConfig: { validatorUrl: null },
    theme: { title: 'metadescent API' },
  });
}
