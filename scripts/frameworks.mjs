/**
 * npm run test:frameworks: the tests of the drop-ins with PyTorch too, which it installs into data/venv-frameworks/ unless
 * METADESCENT_PYTHON names a Python that has it.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './setup.mjs';

const environment = join(root, 'data/venv-frameworks');
const python = join(environment, 'bin/python');

/** Runs a command, and exits where it fails, without what was half installed. */
function must(unfinished, command, ...args) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (status === 0) return;
  if (unfinished !== null) rmSync(unfinished, { recursive: true, force: true });
  console.error(`This failed: ${[command, ...args].join(' ')}`);
  process.exit(1);
}

if (process.env.METADESCENT_PYTHON === undefined && !existsSync(python)) {
  console.log(`Installing PyTorch into ${environment}, once: gigabytes.`);
  must(environment, 'python3', '-m', 'venv', environment);
  must(environment, python, '-m', 'pip', 'install', '--quiet', '--requirement', 'python/tests/requirements.txt');
}
must(null, process.execPath, 'scripts/test.mjs', 'frameworks/');
