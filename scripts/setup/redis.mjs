import { SetupError } from './error.mjs';
import { installPackages, onPath } from './packages.mjs';

/** Describes the Redis that REDIS_URL names, or a binary on the PATH; else null. */
export function findRedis() {
  if (process.env.REDIS_URL) return 'the one that REDIS_URL names';
  for (const name of ['redis-server', 'valkey-server']) {
    const path = onPath(name);
    if (path) return `a private ${path}`;
  }
  return null;
}

const either = [['redis'], ['valkey']];

/** @throws SetupError if it cannot be installed. */
export function installRedis(run) {
  const packages = { 'apt-get': [['redis-server']], dnf: either, apk: either, brew: [['redis']] };
  if (installPackages(run, packages, findRedis)) return;
  throw new SetupError(
    'Redis is missing and set-up cannot install it: install redis-server or valkey-server yourself (Debian, Ubuntu: "sudo apt-get install redis-server"; Fedora: "sudo dnf install valkey"; macOS: "brew install redis"), or set REDIS_URL to a running Redis.',
  );
}
