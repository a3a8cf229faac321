import { existsSync, realpathSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { ApiError } from '../contract/errors.js';
import { FolderArtifactStore } from '../jobs/artifacts.js';
import type { Jobs } from '../jobs/jobs.js';
import { buildApp } from './app.js';

/** The API's OpenAPI document, as YAML. */
export async function describeApi(): Promise<string> {
  const app = await buildApp({ jobs: unreachable });
  try {
    return app.swagger({ yaml: true });
  } finally {
    await app.close();
  }
}

const refuse = async () => {
  throw new ApiError('unavailable', 'This process only describes the API.');
};
/** Stands in for Redis, which is not needed to describe the routes. */
const unreachable: Jobs = {
  create: refuse,
  dryRun: refuse,
  get: refuse,
  list: refuse,
  summaries: refuse,
  cancel: refuse,
  delete: refuse,
  losses: refuse,
  lossPoints: refuse,
  subscribe: refuse,
  follow: refuse,
  artifacts: new FolderArtifactStore('.'),
  optimizers: { register: refuse, get: refuse, open: refuse, list: refuse, delete: refuse },
  ping: refuse,
  close: async () => undefined,
};

/** `node dist/src/api/openapi.js [--check]`: writes ./openapi.yaml; with --check exits with 1 if it is stale. */
async function main([option]: string[]): Promise<number> {
  const path = 'openapi.yaml';
  const document = await describeApi();
  if (option !== '--check') {
    await writeFile(path, document);
    return 0;
  }
  if ((await readFile(path, 'utf8').catch(() => '')) === document) return 0;
  console.error(`${path} is stale: run \`node dist/src/api/openapi.js\`.`);
  return 1;
}

const [, program = ''] = process.argv;
if (existsSync(program) && realpathSync(program) === fileURLToPath(import.meta.url))
  process.exitCode = await main(process.argv.slice(2));
