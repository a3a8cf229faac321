import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { JobChanges } from '../../contract/lists.js';
import { ChangesQuery } from '../../contract/queries.js';
import type { Jobs } from '../../jobs/jobs.js';
import { toChangesChunk } from '../encode.js';
import { EventSourceHeaders, serveEventSources } from '../event-sources.js';
import { errors, response } from '../schemas.js';

const description = `One stream for a page that lists jobs, as server-sent events: \`event\` is \`jobs\`, \`data\` a JobChanges
document, \`id\` its cursor, with which an EventSource resumes by itself. A message has every job that was created, or whose
state or progress has changed, since the message before, as it is now, and the ids of those deleted; there are at most four
per second. The first message comes at once: without a cursor, it has the jobs named by \`jobs\`, or none. If the changes
since a cursor are not known, because Redis was restarted or they are too many, a message has \`reset\`: fetch lists again.
The stream does not end by itself. If the service stops, an event \`error\`, without an id, has the error document as its
\`data\`, and the connection is broken. Comment lines keep an idle connection open.`;

export const changesRoute =
  (jobs: Jobs, heartbeat: number): FastifyPluginAsyncTypebox =>
  async (app) => {
    const send = serveEventSources(app, heartbeat);

    app.get(
      '/events',
      {
        exposeHeadRoute: false,
        schema: {
          operationId: 'followJobs',
          summary: 'Changes of jobs, as server-sent events',
          description,
          tags: ['events'],
          querystring: ChangesQuery,
          headers: EventSourceHeaders,
          response: {
            200: response('The messages; this is the schema of their `data`.', JobChanges, {
              type: 'text/event-stream',
            }),
            ...errors('invalid-document', 'invalid-cursor'),
          },
        },
      },
      async (request, reply) => {
        const cursor = request.headers['last-event-id'] || request.query.cursor;
        const events = await jobs.follow({ ...request.query, ...(cursor && { cursor }) });
        return send(request, reply, { events, encode: toChangesChunk });
      },
    );
  };
