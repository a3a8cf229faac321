import { spawnSync } from 'node:child_process';
import { installPackages, onPath } from './packages.mjs';

/** Whether there is curl, which the documents' commands use, and a Python that can make a virtual environment. */
export function findTestTools() {
  const python = spawnSync('python3', ['-c', 'import ensurepip, venv'], { stdio: 'ignore' }).status === 0;
  return onPath('curl') && python ? 'there' : null;
}

/** Installs them if it can; without them their tests are skipped, and fail in CI. */
export function installTestTools(run) {
  const packages = {
    'apt-get': [['curl', 'ca-certificates', 'python3-venv']],
    dnf: [['curl', 'python3']],
    apk: [['curl', 'python3']],
    brew: [['curl', 'python3']],
  };
  return installPackages(run, packages, findTestTools);
}
