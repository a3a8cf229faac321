import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { isFinal } from '../../contract/job.js';
import { StreamQuery } from '../../contract/queries.js';
import { Type } from '../../contract/type.js';
import type { Jobs } from '../../jobs/jobs.js';
import { toChunk } from '../encode.js';
import { EventSourceHeaders, serveEventSources } from '../event-sources.js';
import { emptyResponse, errors, JobParams, response } from '../schemas.js';

const description = `The events of /jobs/{id}/stream as server-sent events: \`id\` is the cursor, \`event\` the type,
\`data\` the event's JSON document. The response ends normally only after the job's final \`state\` event. A client that
reconnects with that event's cursor gets 204, at which a browser's EventSource stops. If the events cannot continue, an
event \`error\`, without an id, has the error document as its \`data\`, and the connection is broken: \`deleted\` if the
job was deleted, \`invalid-cursor\` if the job does not reach the cursor within 30 seconds, \`unavailable\` if the client
should try again. Comment lines keep an idle connection open.`;

export const eventsRoute =
  (jobs: Jobs, heartbeat: number): FastifyPluginAsyncTypebox =>
  async (app) => {
    const send = serveEventSources(app, heartbeat);

    app.get(
      '/jobs/:id/events',
      {
        exposeHeadRoute: false,
        schema: {
          operationId: 'followEvents',
          summary: 'A job’s events, as server-sent events',
          description,
          tags: ['events'],
          params: JobParams,
          querystring: StreamQuery,
          headers: EventSourceHeaders,
          response: {
            200: response('The events.', Type.String(), { type: 'text/event-stream' }),
            204: emptyResponse('The job has ended, and the cursor is that of its last event.'),
            ...errors('invalid-document', 'invalid-cursor', 'not-found', 'deleted'),
          },
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        const { cursor: asked = null, ...choice } = request.query;
        const cursor = request.headers['last-event-id'] || asked;
        const { state } = await jobs.get(id);
        const events = await jobs.subscribe(id, cursor, choice);
        // For a job that has ended this does not wait: there is a first event, or none.
        const first = cursor !== null && isFinal(state) ? await events.next() : undefined;
        if (first?.done) return reply.code(204).send();
        return send(request, reply, { events, encode: toChunk, first: first?.value });
      },
    );
  };
