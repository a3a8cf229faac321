import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { documentOptions } from './document.js';

/** Only our own sources: the page works offline, and sends nothing to third parties. */
const contentSecurityPolicy =
  "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; frame-ancestors 'self'";

/** Records the routes registered after it, for /openapi.yaml. */
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
