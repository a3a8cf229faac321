import { pino } from 'pino';
import { FolderArtifactStore } from '../../src/jobs/artifacts.js';
import { artifactFolder, startWorkerOn } from './harness.js';

/** A worker in its own process: `worker-process.js REDIS_URL FOLDER LOCK_DURATION`. */
const [redisUrl = '', folder = '', lockDuration] = process.argv.slice(2);
await startWorkerOn(redisUrl, new FolderArtifactStore(artifactFolder(folder)), {
  logger: pino({ level: 'silent' }),
  lockDuration: Number(lockDuration),
  checkpointEvery: 100,
});
