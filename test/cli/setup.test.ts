import assert from 'node:assert/strict';
import { appendFile, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
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
    await writeFile(join(copy, 'src', 'one.ts'), 'export const one = 1;\n');
    for (const name of ['package.json', 'package-lock.json', 'tsconfig.json'])
      await copyFile(join(root, name), join(copy, name));
  });
  after(() => folder.remove());

  it('builds nothing where no source has changed, and again where one has', async () => {
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

  it('installs nothing where all is there, and again where the lock has changed', async () => {
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
