import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UserError } from '../contract/user-error.js';

/**
 * Creates a folder and its missing parents. Node's own recursive mkdir never returns if a file system refuses new folders
 * with ENOENT, as /proc does.
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

/** Creates a folder that a user has named. @throws UserError if that fails */
export async function makeNamedFolder(path: string): Promise<void> {
  await makeFolder(path).catch((error: NodeJS.ErrnoException) => {
    throw cannotUse(path, error);
  });
}

/** The error for a folder that cannot be created or written to. */
export function cannotUse(path: string, { code, message }: NodeJS.ErrnoException): UserError {
  const reason = code === 'EEXIST' || code === 'ENOTDIR' ? 'a file is in its place' : message;
  return new UserError(`${path} cannot be used as a folder (${reason}): name another one.`, 'usage');
}
