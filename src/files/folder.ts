import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withLock } from './folder-lock.js';
import { makeFolder } from './make-folder.js';

/**
 * A folder of small files that are each all there or not there, whenever the process is killed. It is made with the first
 * of them, or when it is locked.
 */
export class Folder {
  constructor(readonly path: string) {}

  /** @returns null where there is no such file. */
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
   * Keeps every other command out of the folder, which is made where it is missing, until the action ends.
   * @param warn is told where the folder's file system has no locks.
   * @throws UserError where another holds it.
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

  /** Those of the names that are there. */
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

/** What a JSON file holds. */
export function toText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
