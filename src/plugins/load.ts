import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { addPlugin } from './plugin.js';

/** A plugin's file is missing or invalid. The message says what to do. */
export class PluginError extends Error {
  override readonly name = 'PluginError';
  readonly code = 'unsupported';
}

/**
 * Loads plugins, each an ES module whose default export is a problem (docs/plugins.md), into this process. Their code
 * runs with all of its rights.
 * @throws PluginError for the first invalid one
 */
export async function loadPlugins(files: readonly string[]): Promise<void> {
  for (const file of files) await loadPlugin(file);
}

async function loadPlugin(file: string): Promise<void> {
  const path = resolve(file);
  const refuse = (reason: string, cause: unknown) => {
    throw new PluginError(`--plugin ${file}: ${reason}.`, { cause });
  };
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) =>
    refuse(error.code === 'ENOENT' ? 'there is no such file' : `it cannot be read: ${error.message}`, error),
  );
  const module: { default?: unknown } = await import(pathToFileURL(path).href).catch((error: Error) =>
    refuse(`it does not load as an ES module: ${error.message}`, error),
  );
  try {
    addPlugin(
      module.default,
      createHash('sha256')
        .update(bytes as Uint8Array)
        .digest('hex'),
    );
  } catch (error) {
    refuse((error as Error).message, error);
  }
}
