import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '../contract/errors.js';
import { answersTo, type Hosts, ownsPages } from './hosts.js';
import { streamPath } from './routes/stream.js';

/** Every request, with or without a route, passes here first: the one place that may turn a client away. */
export const gate =
  (hosts: Hosts) =>
  /** @throws ApiError */
  async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    reply.header('x-content-type-options', 'nosniff');
    const { id } = request.params as { id?: string };
    if (id !== undefined) reply.log = request.log = request.log.child({ job: id });
    if (request.ws && !request.is404 && request.routeOptions.url !== streamPath)
      throw new ApiError('malformed-request', `${request.url} does not upgrade; /jobs/{id}/stream does.`);
    refuseForeignNames(request, hosts);
    refuseForeignPages(request, hosts);
  };

/** A site may point its own name at this machine (DNS rebinding), so that its pages have the same origin. */
function refuseForeignNames({ headers: { host } }: FastifyRequest, hosts: Hosts): void {
  if (host === undefined || answersTo(hosts, host)) return;
  throw new ApiError(
    'foreign-host',
    `Host: ${host}: this service only answers to names of the loopback interface; its operator can allow others with --allow-host.`,
  );
}

/** Browsers let any page send simple requests and open WebSockets anywhere, but they send the page's origin. */
function refuseForeignPages({ headers: { origin, host } }: FastifyRequest, hosts: Hosts): void {
  if (origin === undefined || ownsPages(hosts, origin, host)) return;
  throw new ApiError(
    'foreign-origin',
    `A page of ${origin} may not use this service, which is ${host}; its operator can allow the page's host with --allow-host.`,
  );
}
