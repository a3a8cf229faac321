import type { FastifyInstance, FastifySchema, HTTPMethods } from 'fastify';
import { ApiError } from '../contract/errors.js';

/**
 * Records the paths that are registered from here on.
 * @returns a plugin that answers the other methods of each path with 405 and `Allow`.
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
        // Before the body is read, since it does not matter.
        onRequest: async (request, reply) => {
          reply.header('allow', allow);
          throw new ApiError('method-not-allowed', `${request.method} ${url}: allowed are ${allow}.`);
        },
        handler: async () => undefined,
      });
    }
  };
}
