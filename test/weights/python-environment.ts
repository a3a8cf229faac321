import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The checkout, seen from dist/test/weights/. */
export const root = fileURLToPath(new URL('../../../', import.meta.url));

/**
 * The interpreter of a virtual environment with the packages of test/requirements.txt. It is created once, under
 * data/venv/, and reused; its folder is named after Python's version and the requirements, and appears complete or not
 * at all.
 * @throws Error that says what to install if the environment cannot be created
 */
export async function pythonEnvironment(): Promise<string> {
  const requirements = join(root, 'test/requirements.txt');
  const { stdout: version } = await attempt(
    'There is no python3: install it with its venv module (Debian, Ubuntu: apt-get install python3-venv).',
    'python3',
    ['-c', 'import sys; print(sys.version)'],
  );
  const digest = createHash('sha256')
    .update(version)
    .update(await readFile(requirements))
    .digest('hex');
  const environments = join(root, 'data/venv');
  const environment = join(environments, digest.slice(0, 12));
  if (existsSync(environment)) return join(environment, 'bin/python');

  console.log(`Making a Python environment in ${environment}, once.`);
  await mkdir(environments, { recursive: true });
  const unfinished = join(environments, randomUUID());
  try {
    await attempt(
      'python3 cannot make a virtual environment: install its venv module (Debian, Ubuntu: apt-get install python3-venv).',
      'python3',
      ['-m', 'venv', unfinished],
    );
    await attempt(
      'pip cannot install what test/requirements.txt names: it needs Python 3.10 or later and a package index that it can reach.',
      join(unfinished, 'bin/python'),
      ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--requirement', requirements],
    );
    await rename(unfinished, environment).catch((error: NodeJS.ErrnoException) => {
      // Another run of the tests was first.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return join(environment, 'bin/python');
}

/** The same, or why it cannot be created: its tests are then skipped, except in CI. */
export async function findPython(): Promise<{ python: string; missing: string | false }> {
  try {
    return { python: await pythonEnvironment(), missing: false };
  } catch (error) {
    if (process.env.CI || !(error instanceof Error)) throw error;
    return { python: '', missing: error.message };
  }
}

async function attempt(failure: string, command: string, args: string[]): Promise<{ stdout: string }> {
  try {
    return await run(command, args);
  } catch (cause) {
    throw new Error(failure, { cause });
  }
}
