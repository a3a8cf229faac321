import websocket from '@fastify/websocket';
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import { documentLimit } from '../contract/sizes.js';
import type { Jobs } from '../jobs/jobs.js';
import { acceptJson } from './body.js';
import { boundConnections, boundedBy, defaultPatience, type Patience, refuseConnection } from './connections.js';
import { dashboardRoutes } from './dashboard.js';
import { describeRoutes, serveDocs } from './docs.js';
import { answerWithErrors, sendError } from './errors.js';
import { gate } from './gate.js';
import type { Hosts } from './hosts.js';
import { refuseOtherMethods } from './methods.js';
import { closePeers, dropPeer } from './peers.js';
import { changesRoute } from './routes/changes.js';
import { eventsRoute } from './routes/events.js';
import { jobRoutes } from './routes/jobs.js';
import { optimizerRoutes } from './routes/optimizers.js';
import { resultRoutes } from './routes/results.js';
import { serviceRoutes } from './routes/service.js';
import { streamRoute } from './routes/stream.js';
import { weightsRoute } from './routes/weights.js';
import { plainSerialization, strictValidation } from './validation.js';

export interface AppOptions {
  /** The caller closes it: closing the app does not. */
  jobs: Jobs;
  /** A logger like pino's; none by default. */
  logger?: FastifyBaseLogger | undefined;
  /** Milliseconds between the pings and comment lines that keep an idle stream open; 20,000 by default. */
  heartbeat?: number | undefined;
  /** Host names that the service answers to; any by default. */
  hosts?: Hosts | undefined;
  /** Time limits for clients; {@link defaultPatience} by default. */
  patience?: Patience | undefined;
  /** Folder of the built dashboard; that of the build by default. */
  dashboard?: string | undefined;
}

/** The API, ready to listen. The caller decides where, and when to close. */
export async function buildApp({
  jobs,
  logger,
  heartbeat = 20_000,
  hosts = null,
  patience = defaultPatience,
  dashboard,
}: AppOptions): Promise<FastifyInstance> {
  const app: FastifyInstance = Fastify({
    ...(logger ? { loggerInstance: logger } : {}),
    bodyLimit: documentLimit,
    // An artifact's name may have 128 characters.
    routerOptions: { maxParamLength: 128 },
    ...boundedBy(patience),
    frameworkErrors: sendError,
  });
  app.setValidatorCompiler(strictValidation);
  app.setSerializerCompiler(plainSerialization);
  acceptJson(app);
  answerWithErrors(app);

  const options = { maxPayload: 4096 };
  await app.register(websocket, { options, preClose: closePeers, errorHandler: dropPeer });
  app.websocketServer.on('wsClientError', refuseConnection);
  boundConnections(app, patience);
  app.addHook('onRequest', gate(hosts));
  const refuseTheRest = refuseOtherMethods(app);
  await describeRoutes(app);
  await app.register(jobRoutes(jobs));
  await app.register(streamRoute(jobs, heartbeat));
  await app.register(eventsRoute(jobs, heartbeat));
  await app.register(changesRoute(jobs, heartbeat));
  await app.register(weightsRoute(jobs));
  await app.register(resultRoutes(jobs));
  await app.register(optimizerRoutes(jobs));
  await app.register(serviceRoutes(jobs));
  await app.register(serveDocs);
  await app.register(dashboardRoutes(dashboard));
  await app.register(refuseTheRest);
  await app.ready();
  return app;
}
