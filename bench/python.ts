import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The interpreter of the peers' virtual environment, `data/venv-bench`. It is made if it is missing or its requirements
 * have changed, which downloads several gigabytes.
 * @throws Error that says what to install, if it cannot be made
 */
export function peersPython(root: string): string {
  const requirements = join(root, 'bench/peers/requirements.txt');
  const folder = join(root, 'data/venv-bench');
  const stamp = join(folder, 'requirements.txt');
  const python = join(folder, 'bin/python');
  const wanted = readFileSync(requirements, 'utf8');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return python;
  console.log(`Peers: making a Python environment with JAX and PyTorch in ${folder} (only once).`);
  rmSync(folder, { recursive: true, force: true });
  const attempt = (command: string, args: string[], failure: string) => {
    const { status, stderr } = spawnSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'inherit', 'pipe'] });
    if (status !== 0) throw new Error(`${failure}\n${stderr ?? ''}`);
  };
  attempt(
    'python3',
    ['-m', 'venv', folder],
    'The peers need python3 with its venv module (Debian, Ubuntu: apt-get install python3-venv); or leave them out: --peers us,tfjs.',
  );
  attempt(
    python,
    ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--requirement', requirements],
    'pip cannot install bench/peers/requirements.txt: it needs Python 3.11 or later and access to a package index.',
  );
  writeFileSync(stamp, wanted);
  return python;
}
