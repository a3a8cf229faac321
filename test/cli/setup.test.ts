import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { appendFile, copyFile, cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createTemporaryFolder } from '../support/redis.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

type Run = (command: string, args: string[]) => void;
const scripts = async () => {
  const load = (name: string): Promise<unknown> =>
    import(new URL(`../../../scripts/setup/${name}`, import.meta.url).href);
  const { build, isBuilt } = (await load('build.mjs')) as {
    build(root: string, run: Run): void;
    isBuilt(root: string): string | null;
  };
  const { dependenciesAreCurrent } = (await load('dependencies.mjs')) as {
    dependenciesAreCurrent(root: string): string | null;
  };
  return { build, isBuilt, dependenciesAreCurrent };
};

describe('a second set-up', () => {
  let folder: Awaited<ReturnType<typeof createTemporaryFolder>>;
  let copy: string;
  before(async () => {
    folder = await createTemporaryFolder();
    copy = folder.path;
    await mkdir(join(copy, 'src'));
    await mkdir(join(copy, 'test'));
    await mkdir(join(copy, 'bench'));
    await mkdir(join(copy, 'examples', 'specs'), { recursive: true });
    await writeFile(join(copy, 'src', 'one.ts'), 'export const one = 1;\n');
    for (const name of ['package.json', 'package-lock.json', 'tsconfig.json'])
      await copyFile(join(root, name), join(copy, name));
  });
  after(() => folder.remove());

  it('builds only if a source has changed', async () => {
    const { build, isBuilt } = await scripts();
    assert.equal(isBuilt(copy), null);
    build(copy, () => {});
    assert.ok(isBuilt(copy));
    await appendFile(join(copy, 'src', 'one.ts'), 'export const two = 2;\n');
    assert.equal(isBuilt(copy), null);
    const fail = () => {
      throw new Error('it does not compile');
    };
    assert.throws(() => build(copy, fail), /does not compile/);
    assert.equal(isBuilt(copy), null);
  });

  it('installs only if something is missing or the lock file has changed', async () => {
    const { dependenciesAreCurrent } = await scripts();
    assert.equal(dependenciesAreCurrent(copy), null);
    await mkdir(join(copy, 'node_modules'));
    const installed = join(copy, 'node_modules', '.package-lock.json');
    const lock = JSON.parse(await readFile(join(copy, 'package-lock.json'), 'utf8'));
    await writeFile(installed, JSON.stringify(lock));
    assert.ok(dependenciesAreCurrent(copy));
    lock.packages['node_modules/commander'].version = '0.0.1';
    await writeFile(installed, JSON.stringify(lock));
    assert.equal(dependenciesAreCurrent(copy), null);
  });
});

describe('scripts', () => {
  let folder: Awaited<ReturnType<typeof createTemporaryFolder>>;
  before(async () => {
    folder = await createTemporaryFolder();
  });
  after(() => folder.remove());

  /** A checkout with the dashboard, what it imports, and all dependencies. */
  const checkout = async (path: string) => {
    for (const name of ['src', 'test', 'bench', 'dist', 'data']) await mkdir(join(path, name), { recursive: true });
    for (const name of ['src/dashboard', 'src/contract', 'src/client', 'src/figures', 'examples/specs'])
      await cp(join(root, name), join(path, name), { recursive: true });
    for (const name of ['package.json', 'package-lock.json', 'tsconfig.json'])
      await copyFile(join(root, name), join(path, name));
    await cp(join(root, 'scripts'), join(path, 'scripts'), { recursive: true });
    for (const name of ['node_modules', 'native', 'dist/native', 'data/digits'])
      await symlink(join(root, name), join(path, name));
  };
  const run = async (path: string, script: string) => {
    const child = spawn(process.execPath, [join(path, 'scripts', script)], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
    const [code] = await once(child, 'close');
    return { code, said };
  };

  it('work from any path', async () => {
    const real = join(folder.path, "C# 100% é?x=[a] ~b'c&");
    await checkout(real);
    const link = join(folder.path, 'link');
    await symlink(real, link);
    const built = join(real, 'dist', '.built-from');
    for (const path of [real, link]) {
      const { code, said } = await run(path, 'setup.mjs');
      assert.equal(code, 0, said);
      for (const step of ['npm dependencies', 'digits', 'Redis', 'C\\+\\+ compiler', 'native engine', 'build'])
        assert.match(said, new RegExp(`^${step}: `, 'm'), path);
      assert.ok(existsSync(built));
      assert.ok(existsSync(join(real, 'dist', 'dashboard', 'index.html')));
      assert.match((await run(path, 'digits.mjs')).said, /^Digits: .* is there/);
      assert.match((await run(path, 'native.mjs')).said, /^(Native engine: |.*compiler)/);
    }
  });
});
