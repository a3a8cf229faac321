import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { SetupError } from './error.mjs';

/** What there is, in words: the Redis that REDIS_URL names, or a binary on the PATH. */
export function findRedis() {
  if (process.env.REDIS_URL) return 'the one that REDIS_URL names';
  for (const name of ['redis-server', 'valkey-server']) {
    const path = onPath(name);
    if (path) return `a private ${path}`;
  }
  return null;
}

/** Package managers, each with the commands that bring a server. */
const managers = [
  ['apt-get', ['update', '-qq'], ['install', '-y', '-qq', '--no-install-recommends', 'redis-server']],
  ['dnf', ['install', '-y', '-q', 'redis']],
  ['dnf', ['install', '-y', '-q', 'valkey']],
  ['apk', ['add', '-q', 'redis']],
  ['apk', ['add', '-q', 'valkey']],
  ['brew', ['install', '-q', 'redis']],
];

/** @throws SetupError where it may not or cannot be installed. */
export function installRedis(run) {
  const prefix = rootPrefix();
  for (const [manager, ...commands] of managers) {
    if (!onPath(manager)) continue;
    // Homebrew refuses to run as root, and needs no root.
    if (manager !== 'brew' && prefix === null) continue;
    const [command, ...first] = [...(manager === 'brew' ? [] : prefix), manager];
    try {
      for (const args of commands)
        run(command, [...first, ...args], { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
    } catch (error) {
      process.stderr.write(`${error.message}\n`);
    }
    if (findRedis()) return;
  }
  throw new SetupError(
    'Redis is missing and cannot be installed from here: install redis-server or valkey-server yourself (Debian, Ubuntu: "sudo apt-get install redis-server"; Fedora: "sudo dnf install valkey"; macOS: "brew install redis"), or set REDIS_URL to a Redis that runs already.',
  );
}

/** What makes a command run as root: nothing, sudo where it asks for no password, or null where it cannot be had. */
function rootPrefix() {
  if (process.getuid?.() === 0) return [];
  return spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0 ? ['sudo', '-n'] : null;
}

function onPath(name) {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    if (folder === '') continue;
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  return null;
}
