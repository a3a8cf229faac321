import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { makeFolder } from '../files/make-folder.js';
import { checkOwnerId } from './ids.js';

export interface ArtifactInfo {
  /** Bytes. */
  size: number;
  /** Strong: the SHA-256 of the bytes in hexadecimal, without quotes. */
  etag: string;
}

/** Bytes `start` to `end`, both included, as in HTTP. */
export interface ByteRange {
  start: number;
  end: number;
}

/** A file as it was when it was opened: no `put` and no `delete` changes it. Whoever opens it reads or closes it. */
export interface OpenArtifact {
  /** Bytes. */
  readonly size: number;
  /** As {@link ArtifactInfo} has it. */
  etag(): Promise<string>;
  /** Its bytes, once. The file is closed at the end of the stream, or when that is destroyed. */
  read(range?: ByteRange): Readable;
  /** Of a file that is closed, it does nothing. */
  close(): Promise<void>;
}

/** A file that is written piece by piece. What fails may be asked for again. */
export interface ArtifactWriter {
  write(bytes: Uint8Array): Promise<void>;
  commit(): Promise<void>;
  /** Gives up what is not committed. */
  discard(): Promise<void>;
}

/**
 * Files that belong to jobs, and to the optimizers of the registry: each owner's id is its own. A name, once put, is
 * either all there or not there.
 */
export interface ArtifactStore {
  /** Stores the bytes under the name, in place of what was there. */
  put(owner: string, name: string, bytes: Uint8Array): Promise<void>;
  /** Begins a file that comes in pieces; it is there, in place of what was, once it is committed. */
  create(owner: string, name: string): Promise<ArtifactWriter>;
  /** @returns null where there is no such artifact. */
  open(owner: string, name: string): Promise<OpenArtifact | null>;
  /** All its bytes. @returns null where there is no such artifact. */
  read(owner: string, name: string): Promise<Buffer | null>;
  /** @returns null where there is no such artifact. */
  stat(owner: string, name: string): Promise<ArtifactInfo | null>;
  /** Names, sorted. */
  list(owner: string): Promise<string[]>;
  /** Deletes the owner's artifact of this name, or all of them; what is not there is no error. */
  delete(owner: string, name?: string): Promise<void>;
}

/** No leading dot, no separator: a name is one component of a path wherever it is used. */
const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** An {@link ArtifactStore} in a folder, one folder an owner. Every method throws RangeError for an illegal name or owner. */
export class FolderArtifactStore implements ArtifactStore {
  /** Digests are made on demand: a file and its digest beside it could not be replaced in one atomic step. */
  readonly #digests = new Map<string, { version: string; etag: string }>();

  constructor(private readonly folder: string) {}

  async put(owner: string, name: string, bytes: Uint8Array): Promise<void> {
    const file = await this.create(owner, name);
    try {
      await file.write(bytes);
      await file.commit();
    } catch (error) {
      await file.discard();
      throw error;
    }
  }

  async create(owner: string, name: string): Promise<ArtifactWriter> {
    const path = this.#path(owner, name);
    await makeFolder(this.#folderOf(owner));
    const temporary = join(this.#folderOf(owner), `.${randomUUID()}`);
    const file = await open(temporary, 'wx');
    let size = 0;
    return {
      // At a place of its own: a piece that was written in part is written again from its start.
      async write(bytes) {
        for (let at = 0; at < bytes.length; )
          at += (await file.write(bytes, at, bytes.length - at, size + at)).bytesWritten;
        size += bytes.length;
      },
      async commit() {
        await file.sync();
        await rename(temporary, path);
        await file.close();
      },
      async discard() {
        await file.close();
        await rm(temporary, { force: true });
      },
    };
  }

  async open(owner: string, name: string): Promise<OpenArtifact | null> {
    const path = this.#path(owner, name);
    const file = await unlessMissing(open(path));
    if (file === null) return null;
    try {
      const { size, ino, mtimeNs } = await file.stat({ bigint: true });
      return {
        size: Number(size),
        etag: () => this.#digest(path, file, `${ino} ${mtimeNs} ${size}`),
        read: (range) => file.createReadStream({ start: 0, ...range }),
        close: () => file.close(),
      };
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async read(owner: string, name: string): Promise<Buffer | null> {
    return unlessMissing(readFile(this.#path(owner, name)));
  }

  async stat(owner: string, name: string): Promise<ArtifactInfo | null> {
    const file = await this.open(owner, name);
    if (file === null) return null;
    try {
      return { size: file.size, etag: await file.etag() };
    } finally {
      await file.close();
    }
  }

  async list(owner: string): Promise<string[]> {
    const names = (await unlessMissing(readdir(this.#folderOf(owner)))) ?? [];
    return names.filter((name) => namePattern.test(name)).sort();
  }

  async delete(owner: string, name?: string): Promise<void> {
    const path = name === undefined ? this.#folderOf(owner) : this.#path(owner, name);
    await rm(path, { recursive: true, force: true });
  }

  async #digest(path: string, file: FileHandle, version: string): Promise<string> {
    let known = this.#digests.get(path);
    if (known?.version !== version) {
      const hash = createHash('sha256');
      await pipeline(file.createReadStream({ start: 0, autoClose: false }), hash);
      known = { version, etag: hash.digest('hex') };
      if (this.#digests.size >= 10_000) this.#digests.clear();
      this.#digests.set(path, known);
    }
    return known.etag;
  }

  #folderOf(owner: string): string {
    return join(this.folder, checkOwnerId(owner));
  }

  #path(owner: string, name: string): string {
    if (!namePattern.test(name))
      throw new RangeError(
        `artifact name ${JSON.stringify(name)}: expected 1 to 128 of A-Z a-z 0-9 . _ -, no dot first`,
      );
    return join(this.#folderOf(owner), name);
  }
}

async function unlessMissing<T>(promise: Promise<T>): Promise<T | null> {
  try {
    return await promise;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
