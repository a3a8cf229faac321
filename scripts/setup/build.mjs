import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What the build depends on. */
const inputs = ['src', 'test', 'bench', 'examples/specs', 'tsconfig.json', 'package.json', 'package-lock.json'];

/** Whether the latest build was made from the current sources. */
export function isBuilt(root) {
  try {
    return readFileSync(stampOf(root), 'utf8') === fingerprint(root) ? 'current' : null;
  } catch {
    return null;
  }
}

/** The service, its tests and the dashboard. @throws SetupError with the compiler's messages. */
export function build(root, run) {
  const before = fingerprint(root);
  rmSync(stampOf(root), { force: true });
  const node = (path, ...args) => run(process.execPath, [join(root, 'node_modules', ...path), ...args]);
  node(['typescript', 'bin', 'tsc']);
  node(['typescript', 'bin', 'tsc'], '-p', 'src/dashboard');
  withPlainPath(root, (path) => {
    const page = join(path, 'src', 'dashboard');
    node(['vite', 'bin', 'vite.js'], 'build', '--logLevel=warn', '--config', join(page, 'vite.config.ts'), page);
  });
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeFileSync(stampOf(root), before);
}

/** Vite takes #, ? and % in a path for parts of a URL, so it comes to such a folder through a link. */
function withPlainPath(root, act) {
  if (/^[\w./\\: -]*$/.test(root)) return act(root);
  const folder = mkdtempSync(join(tmpdir(), 'metadescent-build-'));
  try {
    const link = join(folder, 'checkout');
    symlinkSync(root, link, 'junction');
    act(link);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function stampOf(root) {
  return join(root, 'dist', '.built-from');
}

/** Changes with any file's name, size or modification time. */
function fingerprint(root) {
  const hash = createHash('sha256');
  for (const input of inputs) visit(join(root, input), hash);
  return hash.digest('hex');
}

function visit(path, hash) {
  const stats = statSync(path);
  if (stats.isDirectory()) {
    for (const name of readdirSync(path).sort()) visit(join(path, name), hash);
    return;
  }
  hash.update(`${path}\0${stats.size}\0${stats.mtimeMs}\n`);
}
