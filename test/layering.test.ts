import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

/** biome.json says which part may import which; here violations are planted in a copy of the sources. */

const root = fileURLToPath(new URL('../../', import.meta.url));
const biome = createRequire(import.meta.url).resolve('@biomejs/biome/bin/biome');
const rules = ['--only=style/noRestrictedImports', '--only=suspicious/noImportCycles'];

let copy: string;
before(() => {
  copy = mkdtempSync(join(tmpdir(), 'metadescent-layering-'));
  cpSync(join(root, 'src'), join(copy, 'src'), { recursive: true });
  cpSync(join(root, 'biome.json'), join(copy, 'biome.json'));
});
after(() => rmSync(copy, { recursive: true, force: true }));

function lint(): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [biome, 'lint', ...rules, 'src'], {
    cwd: copy,
    encoding: 'utf8',
  });
  return { status, output: stdout + stderr };
}

/** Lints the copy with some files added. */
function lintWith(files: Record<string, string>): { status: number | null; output: string } {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    writeFileSync(join(copy, path), text);
  }
  const result = lint();
  for (const path of Object.keys(files)) rmSync(join(copy, path));
  return result;
}

const importing = (specifier: string) => `import * as it from '${specifier}';\nexport const planted = it;\n`;

describe('the layering', () => {
  it('holds in the sources', () => {
    const { status, output } = lint();
    assert.equal(status, 0, output);
  });

  const violations: [title: string, path: string, specifier: string][] = [
    ['contract imports core', 'src/contract/planted.ts', '../core/run.js'],
    ['core imports jobs', 'src/core/compare/planted.ts', '../../jobs/jobs.js'],
    ['core imports a file system', 'src/core/planted.ts', 'node:fs'],
    ['core imports data', 'src/core/problems/planted.ts', '../../data/digits.js'],
    ['data imports core', 'src/data/planted.ts', '../core/problems/batch.js'],
    ['jobs imports api', 'src/jobs/planted.ts', '../api/app.js'],
    ['jobs imports core', 'src/jobs/planted.ts', '../core/weights/weights.js'],
    ['api imports meta-training', 'src/api/routes/planted.ts', '../../core/metatrain/metatrain.js'],
    ['api imports the run', 'src/api/planted.ts', '../core/run.js'],
    ['api imports workers', 'src/api/planted.ts', '../workers/worker.js'],
    ['core imports plugins', 'src/core/planted.ts', '../plugins/load.js'],
    ['the API imports plugins', 'src/api/planted.ts', '../plugins/load.js'],
    ['plugins import workers', 'src/plugins/planted.ts', '../workers/worker.js'],
    ['workers import api', 'src/workers/planted.ts', '../api/app.js'],
    ['client imports jobs', 'src/client/planted.ts', '../jobs/ids.js'],
  ];
  for (const [title, path, specifier] of violations) {
    it(`is violated where ${title}`, () => {
      const { status, output } = lintWith({ [path]: importing(specifier) });
      assert.notEqual(status, 0);
      assert.match(output, /noRestrictedImports/);
      assert.ok(output.includes(path), output);
    });
  }

  it('is violated by a type, an import() and a re-export too', () => {
    const texts = [
      `import type { Run } from '../core/run.js';\nexport type Planted = Run;\n`,
      `export const planted = () => import('../core/run.js');\n`,
      `export { createRun } from '../core/run.js';\n`,
    ];
    for (const text of texts) assert.notEqual(lintWith({ 'src/api/planted.ts': text }).status, 0, text);
  });

  it('is violated by a cycle', () => {
    const { status, output } = lintWith({
      'src/core/planted-a.ts': importing('./planted-b.js'),
      'src/core/planted-b.ts': importing('./planted-a.js'),
    });
    assert.notEqual(status, 0);
    assert.match(output, /noImportCycles/);
  });

  it('lets the API import the codecs and the catalogue', () => {
    const weights = importing('../core/weights/weights.js');
    const catalogue = importing('../core/catalogue.js');
    const { status, output } = lintWith({ 'src/api/planted-w.ts': weights, 'src/api/planted-c.ts': catalogue });
    assert.equal(status, 0, output);
  });
});
