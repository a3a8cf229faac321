import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UserError } from '../contract/user-error.js';

/**
 * Makes a folder, and those above it that are missing. Node's own recursive mkdir never returns where a file system
 * refuses new folders by ENOENT, as /proc does.
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    await makeFolder(dirname(path));
    await mkdir(path).catch((again: NodeJS.ErrnoException) => {
      if (again.code !== 'EEXIST') throw again;
    });
  }
}

/** Makes a folder that a user has named. @throws UserError where that cannot be done. */
export async function makeNamedFolder(path: string): Promise<void> {
  await makeFolder(path).catch((error: NodeJS.ErrnoException) => {
    throw cannotUse(path, error);
  });
}

/** What a user gets to read of a folder that cannot be made, or written to. */
export function cannotUse(path: string, { code, message }: NodeJS.ErrnoException): UserError {
  const reason = code === 'EEXIST' || code === 'ENOTDIR' ? 'a file is in its place' : message;
  return new UserError(`${path} cannot be used as a folder (${reason}): name another one.`, 'usage');
}
