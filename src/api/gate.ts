import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '../contract/errors.js';
import { answersTo, type Hosts, ownsPages } from './hosts.js';
import { streamPath } from './routes/stream.js';

/**
 * Every request passes here before anything else of it is looked at, whatever its route, and also where there is none:
 * the one place that may turn a client away.
 */
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

/** A site may point a name of its own at this machine (DNS rebinding): its pages then are of the same origin. */
function refuseForeignNames({ headers: { host } }: FastifyRequest, hosts: Hosts): void {
  if (host === undefined || answersTo(hosts, host)) return;
  throw new ApiError(
    'foreign-host',
    `Host: ${host}: this service answers to the names of the loopback interface; its operator may allow others with --allow-host.`,
  );
}

/** A browser lets any page send simple requests and open WebSockets anywhere, but it says which page it was. */
function refuseForeignPages({ headers: { origin, host } }: FastifyRequest, hosts: Hosts): void {
  if (origin === undefined || ownsPages(hosts, origin, host)) return;
  throw new ApiError(
    'foreign-origin',
    `A page of ${origin} may not use this service, which is ${host}; its operator may allow the page's host with --allow-host.`,
  );
}
