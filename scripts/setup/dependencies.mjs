import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Whether node_modules has what package-lock.json names, by the lock that npm writes there of what it installed. Packages
 * for other platforms may be missing.
 */
export function dependenciesAreCurrent(root) {
  const wanted = packagesOf(join(root, 'package-lock.json'));
  const installed = packagesOf(join(root, 'node_modules', '.package-lock.json'));
  if (!wanted || !installed) return null;
  for (const [path, { version, optional, peer }] of Object.entries(wanted)) {
    if (path === '') continue;
    const found = installed[path];
    if (found ? found.version !== version : !optional && !peer) return null;
  }
  return 'installed';
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return null;
  }
}
