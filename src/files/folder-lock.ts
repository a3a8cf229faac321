import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

/** Who holds a lock. A pid alone is not enough: it is given to another process some time after its own has ended. */
interface Holder {
  pid: number;
  /** Of the process, in ticks of the kernel's clock; null where there is no /proc to tell. */
  started: string | null;
  token: string;
}

/**
 * Takes a folder for this process until `release`, or until the process has ended, however it ended.
 * @throws Error where a process that still runs holds it, this one included.
 */
export async function lockFolder(folder: string): Promise<{ release(): Promise<void> }> {
  const path = join(resolve(folder), 'owner.lock');
  const holder: Holder = { pid: process.pid, started: await startOf(process.pid), token: randomUUID() };
  const draft = `${path}.${holder.token}`;
  await writeFile(draft, JSON.stringify(holder), { flag: 'wx' });
  try {
    // A link is made only where its name is free, and the file behind it is complete from the first moment.
    while (!(await linked(draft, path))) await removeStale(path, folder);
  } finally {
    await rm(draft, { force: true });
  }
  return {
    async release() {
      if ((await readHolder(path))?.token === holder.token) await rm(path, { force: true });
    },
  };
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function removeStale(path: string, folder: string): Promise<void> {
  const holder = await readHolder(path);
  if (holder && (await isRunning(holder)))
    throw new Error(
      `The folder ${folder} is in use by process ${holder.pid}: stop that process first, or name another folder.`,
    );
  // Renamed first: of two processes that find the same stale lock, one moves it and the other finds it gone.
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if ((await readHolder(aside))?.token !== holder?.token) await linked(aside, path);
  await rm(aside, { force: true });
}

async function readHolder(path: string): Promise<Holder | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Holder;
  } catch {
    return null;
  }
}

async function isRunning({ pid, started }: Holder): Promise<boolean> {
  return processExists(pid) && (await startOf(pid)) === started;
}

export function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Field 22 of /proc/PID/stat (proc(5)); the command's name before it may itself hold spaces and parentheses. */
async function startOf(pid: number): Promise<string | null> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}
