import type { FastifyInstance, FastifySchema, HTTPMethods } from 'fastify';
import { ApiError } from '../contract/errors.js';

/**
 * Notes the paths that are registered from here on.
 * @returns what registers, for each of them, the methods that are left as 405 with `Allow`.
 */
export function refuseOtherMethods(app: FastifyInstance): (app: FastifyInstance) => Promise<void> {
  const paths = new Set<string>();
  app.addHook('onRoute', ({ url }) => {
    paths.add(url);
  });
  return async (last) => {
    const methods = last.supportedMethods as HTTPMethods[];
    for (const url of [...paths]) {
      const allowed = methods.filter((method) => last.hasRoute({ url, method }));
      const allow = allowed.sort().join(', ');
      last.route({
        method: methods.filter((method) => !allowed.includes(method)),
        url,
        schema: { hide: true } as FastifySchema,
        exposeHeadRoute: false,
        // Before a body is read: what it holds does not matter.
        onRequest: async (request, reply) => {
          reply.header('allow', allow);
          throw new ApiError('method-not-allowed', `${request.method} ${url}: it has ${allow}.`);
        },
        handler: async () => undefined,
      });
    }
  };
}
