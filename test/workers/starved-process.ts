import { closeSync, openSync } from 'node:fs';
import { pino } from 'pino';
import { FolderArtifactStore } from '../../src/jobs/artifacts.js';
import { artifactFolder, startWorkerOn } from './harness.js';

/**
 * A worker in its own process, `starved-process.js REDIS_URL FOLDER STORE_PATIENCE`, with its log on standard output.
 * At SIGUSR2 it takes all remaining descriptors, and at the next it releases them.
 */
const [redisUrl = '', folder = '', storePatience] = process.argv.slice(2);
const hoard: number[] = [];
process.on('SIGUSR2', () => {
  if (hoard.length > 0) for (const descriptor of hoard.splice(0)) closeSync(descriptor);
  else takeAll();
  console.log(`hoarding ${hoard.length > 0}`);
});

function takeAll(): void {
  try {
    for (;;) hoard.push(openSync('/dev/null', 'r'));
  } catch {
    // None are left.
  }
}

const { close } = await startWorkerOn(redisUrl, new FolderArtifactStore(artifactFolder(folder)), {
  logger: pino({ level: 'info' }, pino.destination({ dest: 1, sync: true })),
  storePatience: Number(storePatience),
});
process.on('SIGTERM', () => close().then(() => process.exit()));
console.log('ready');
