import { closeSync, openSync } from 'node:fs';
import { pino } from 'pino';
import { FolderArtifactStore } from '../../src/jobs/artifacts.js';
import { artifactFolder, startWorkerOn } from './harness.js';

/**
 * A worker as a process of its own, `starved-process.js REDIS_URL FOLDER STORE_PATIENCE`, with its log on standard
 * output. At SIGUSR2 it takes every descriptor that is left, and at the next it gives them back.
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
    // There are no more.
  }
}

const { close } = await startWorkerOn(redisUrl, new FolderArtifactStore(artifactFolder(folder)), {
  logger: pino({ level: 'info' }, pino.destination({ dest: 1, sync: true })),
  storePatience: Number(storePatience),
});
process.on('SIGTERM', () => close().then(() => process.exit()));
console.log('ready');
