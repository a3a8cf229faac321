import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withLock } from './folder-lock.js';
import { makeFolder } from './make-folder.js';

/**
 * A folder of small files, each written as a whole or not at all, even if the process is killed. It is created with the
 * first file, or when it is locked.
 */
export class Folder {
  constructor(readonly path: string) {}

  /** @returns null if there is no such file */
  async read(name: string): Promise<Uint8Array | null> {
    try {
      return await readFile(join(this.path, name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  async readJson<T>(name: string): Promise<T | null> {
    const bytes = await this.read(name);
    return bytes ? (JSON.parse(new TextDecoder().decode(bytes)) as T) : null;
  }

  /**
   * Runs the action with the folder locked against other commands; creates the folder if it is missing.
   * @param warn called if the folder's file system has no locks
   * @throws UserError if it is locked already
   */
  whileLocked<T>(warn: (message: string) => void, action: () => Promise<T>): Promise<T> {
    return withLock(this.path, warn, action);
  }

  /** @param content text or bytes, or pieces of them */
  async write(name: string, content: string | Uint8Array | Iterable<Uint8Array>): Promise<void> {
    await makeFolder(this.path);
    const temporary = join(this.path, `.${name}.part`);
    await writeFile(temporary, content);
    await rename(temporary, join(this.path, name));
  }

  writeJson(name: string, value: unknown): Promise<void> {
    return this.write(name, toText(value));
  }

  /** Those of the names that exist in the folder. */
  async holding(names: readonly string[]): Promise<string[]> {
    const all: string[] = await readdir(this.path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    return names.filter((name) => all.includes(name));
  }

  async delete(...names: string[]): Promise<void> {
    await Promise.all(names.map((name) => rm(join(this.path, name), { force: true })));
  }
}

/** The content of a JSON file. */
export function toText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
