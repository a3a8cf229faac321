import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../weights/python-environment.js';

/** The environment in which Python finds the package of this checkout. */
export const pythonPath = { ...process.env, PYTHONPATH: join(root, 'python/src'), KERAS_BACKEND: 'torch' };

/** Why a Python cannot import a module; false if it can. */
export function lacks(python: string, module: string): string | false {
  const found = spawnSync(python, ['-c', `import ${module}`], { stdio: 'ignore', env: pythonPath }).status === 0;
  return !found && `${python} has no ${module}`;
}

/**
 * A Python with PyTorch or Keras, and why there is none, or false: METADESCENT_PYTHON, or the one that npm run
 * test:frameworks makes. PyTorch's wheels have gigabytes, so the tests themselves do not install it.
 */
export function frameworkPython(module: 'torch' | 'keras'): [python: string, missing: string | false] {
  const python = process.env.METADESCENT_PYTHON ?? join(root, 'data/venv-frameworks/bin/python');
  if (process.env.METADESCENT_PYTHON === undefined && !existsSync(python))
    return [python, `${module} is not installed: npm run test:frameworks installs it`];
  return [python, lacks(python, module)];
}
