import { existsSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import files from '@fastify/static';
import type { FastifyInstance, FastifySchema } from 'fastify';
import { ApiError } from '../contract/errors.js';

/** Where the build puts the dashboard: beside the compiled sources. */
const built = fileURLToPath(new URL('../../dashboard/', import.meta.url));

/** Nothing inline, nothing from another host. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export function isDashboardBuilt(folder = built): boolean {
  return existsSync(join(folder, 'index.html'));
}

const schema = { hide: true } as FastifySchema;

/**
 * The dashboard, under /ui/. Its files are in `assets/`, whose names change with their content, and at the top; every
 * other path is an address of the page itself.
 * @param folder what Vite has built
 */
export const dashboardRoutes =
  (folder = built) =>
  async (app: FastifyInstance): Promise<void> => {
    await app.register(files, {
      root: folder,
      serve: false,
      suppressWarning: true,
      // The build leaves .br and .gz beside each file.
      preCompressed: true,
      cacheControl: false,
      setHeaders: (reply, path) => {
        const hashed = path.includes(`${sep}assets${sep}`);
        reply.header('cache-control', hashed ? 'public, max-age=31536000, immutable' : 'no-cache');
      },
    });

    app.get('/ui', { schema }, (_request, reply) => reply.redirect('/ui/', 308));

    app.get<{ Params: { '*': string } }>('/ui/*', { schema }, async (request, reply) => {
      if (!isDashboardBuilt(folder))
        throw new ApiError(
          'not-found',
          'The dashboard has not been built: run `npm run setup` in the folder of metadescent, and load this page again.',
        );
      const path = request.params['*'];
      const isFile = path.startsWith('assets/') || /^[^/]*\.[^/]*$/.test(path);
      reply.header('content-security-policy', contentSecurityPolicy);
      return reply.sendFile(isFile ? path : 'index.html');
    });
  };
