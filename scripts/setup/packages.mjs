import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Package managers, with their arguments before and for an installation. */
const managers = {
  'apt-get': { before: ['update', '-qq'], install: ['install', '-y', '-qq', '--no-install-recommends'] },
  dnf: { install: ['install', '-y', '-q'] },
  apk: { install: ['add', '-q'] },
  brew: { install: ['install', '-q'] },
};

/**
 * Installs packages with this machine's package manager, as root or with a sudo that needs no password.
 * @param run runs a command, and throws if it fails
 * @param packages lists of packages per manager: if one list fails, the next is tried
 * @param isDone whether the wanted program is there
 * @returns whether it is there now
 */
export function installPackages(run, packages, isDone) {
  const prefix = rootPrefix();
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const [manager, { before, install }] of Object.entries(managers)) {
    if (!onPath(manager)) continue;
    // Homebrew refuses to run as root, and needs no root.
    if (manager !== 'brew' && prefix === null) continue;
    const [command, ...first] = [...(manager === 'brew' ? [] : prefix), manager];
    for (const names of packages[manager] ?? []) {
      try {
        if (before) run(command, [...first, ...before], { env });
        run(command, [...first, ...install, ...names], { env });
      } catch (error) {
        process.stderr.write(`${error.message}\n`);
      }
      if (isDone()) return true;
    }
  }
  return false;
}

/** The prefix that runs a command as root: none, sudo if it needs no password, or null if neither works. */
function rootPrefix() {
  if (process.getuid?.() === 0) return [];
  return spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0 ? ['sudo', '-n'] : null;
}

/** @returns the path of a program, or null. */
export function onPath(name) {
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
