import { SetupError } from './error.mjs';
import { installPackages, onPath } from './packages.mjs';

/** What there is, in words: the Redis that REDIS_URL names, or a binary on the PATH. */
export function findRedis() {
  if (process.env.REDIS_URL) return 'the one that REDIS_URL names';
  for (const name of ['redis-server', 'valkey-server']) {
    const path = onPath(name);
    if (path) return `a private ${path}`;
  }
  return null;
}

const either = [['redis'], ['valkey']];

/** @throws SetupError where it may not or cannot be installed. */
export function installRedis(run) {
  const packages = { 'apt-get': [['redis-server']], dnf: either, apk: either, brew: [['redis']] };
  if (installPackages(run, packages, findRedis)) return;
  throw new SetupError(
    'Redis is missing and cannot be installed from here: install redis-server or valkey-server yourself (Debian, Ubuntu: "sudo apt-get install redis-server"; Fedora: "sudo dnf install valkey"; macOS: "brew install redis"), or set REDIS_URL to a Redis that runs already.',
  );
}
