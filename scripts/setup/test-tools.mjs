import { spawnSync } from 'node:child_process';
import { installPackages, onPath } from './packages.mjs';

/** What there is, in words: curl, which the README's walk uses, and a Python that can make an environment. */
export function findTestTools() {
  const python = spawnSync('python3', ['-c', 'import ensurepip, venv'], { stdio: 'ignore' }).status === 0;
  return onPath('curl') && python ? 'there' : null;
}

/** Installs them where that may be done from here; without them their tests are skipped, and fail in CI. */
export function installTestTools(run) {
  const packages = {
    'apt-get': [['curl', 'ca-certificates', 'python3-venv']],
    dnf: [['curl', 'python3']],
    apk: [['curl', 'python3']],
    brew: [['curl', 'python3']],
  };
  return installPackages(run, packages, findTestTools);
}
