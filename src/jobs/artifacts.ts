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

/** Bytes `start` to `end`, inclusive, as in HTTP. */
export interface ByteRange {
  start: number;
  end: number;
}

/** A file as it was when opened: `put` and `delete` do not change it. Whoever opens it must read or close it. */
export interface OpenArtifact {
  /** Bytes. */
  readonly size: number;
  /** As in {@link ArtifactInfo}. */
  etag(): Promise<string>;
  /** The bytes, once. The file is closed when the stream ends or is destroyed. */
  read(range?: ByteRange): Readable;
  /** Fills the buffer with the bytes from this position on. @returns how many: fewer only at the file's end. */
  readInto(buffer: Uint8Array, position: number): Promise<number>;
  /** Does nothing if the file is closed. */
  close(): Promise<void>;
}

/** A file that is written piece by piece. A call that fails may be repeated. */
export interface ArtifactWriter {
  write(bytes: Uint8Array): Promise<void>;
  commit(): Promise<void>;
  /** Discards what is not committed. */
  discard(): Promise<void>;
}

/** Files of jobs and of registered optimizers, each under its owner's id. A file is stored completely or not at all. */
export interface ArtifactStore {
  /** Stores the bytes under the name, replacing any earlier file. */
  put(owner: string, name: string, bytes: Uint8Array): Promise<void>;
  /** Begins a file that is written in pieces. Committing it replaces any earlier file. */
  create(owner: string, name: string): Promise<ArtifactWriter>;
  /** @returns null where there is no such artifact. */
  open(owner: string, name: string): Promise<OpenArtifact | null>;
  /** All its bytes. @returns null where there is no such artifact. */
  read(owner: string, name: string): Promise<Buffer | null>;
  /** @returns null where there is no such artifact. */
  stat(owner: string, name: string): Promise<ArtifactInfo | null>;
  /** Names, sorted. */
  list(owner: string): Promise<string[]>;
  /** Deletes the owner's artifact with this name, or all of them, if they exist. */
  delete(owner: string, name?: string): Promise<void>;
}

/** No leading dot, no separator: a name is always one component of a path. */
const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** An {@link ArtifactStore} with one folder per owner. Every method throws RangeError for an illegal name or owner. */
export class FolderArtifactStore implements ArtifactStore {
  /** Digests are computed on demand: a file and a stored digest could not be replaced atomically. */
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
      // At a fixed position, so that a piece written in part is written again from its start.
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
        async readInto(buffer, position) {
          for (let read = 0; ; ) {
            const { bytesRead } = await file.read(buffer, read, buffer.length - read, position + read);
            read += bytesRead;
            if (bytesRead === 0 || read === buffer.length) return read;
          }
        },
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
        `artifact name ${JSON.stringify(name)}: expected 1 to 128 characters of A-Z a-z 0-9 . _ -, not beginning with . _ or -`,
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
