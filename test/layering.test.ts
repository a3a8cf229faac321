import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

/** biome.json lists which part may import which. The tests plant violations in a copy of the sources. */

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
    ['weights imports core', 'src/weights/planted.ts', '../core/run.js'],
    ['apply imports an engine', 'src/apply/planted.ts', '../core/engines/select.js'],
    ['tfjs imports the engines', 'src/tfjs/planted.ts', '../core/engines/tfjs/engine.js'],
    ['figures imports the command line', 'src/figures/planted.ts', '../cli/render/table.js'],
    ['figures imports a file system', 'src/figures/planted.ts', 'node:fs'],
    ['core imports jobs', 'src/core/compare/planted.ts', '../../jobs/jobs.js'],
    ['core imports figures', 'src/core/planted.ts', '../figures/chart.js'],
    ['core imports a file system', 'src/core/planted.ts', 'node:fs'],
    ['core imports data', 'src/core/problems/planted.ts', '../../data/digits.js'],
    ['meta-training imports the comparison', 'src/core/metatrain/planted.ts', '../compare/tuning.js'],
    ['an engine imports meta-training', 'src/core/engines/native/planted.ts', '../../metatrain/metatrain.js'],
    ['data imports core', 'src/data/planted.ts', '../core/problems/batch.js'],
    ['jobs imports api', 'src/jobs/planted.ts', '../api/app.js'],
    ['jobs imports core', 'src/jobs/redis/planted.ts', '../../core/run.js'],
    ['jobs imports weights', 'src/jobs/planted.ts', '../weights/weights.js'],
    ['api imports meta-training', 'src/api/routes/planted.ts', '../../core/metatrain/metatrain.js'],
    ['api imports the run', 'src/api/planted.ts', '../core/run.js'],
    ['api imports workers', 'src/api/planted.ts', '../workers/worker.js'],
    ['core imports plugins', 'src/core/planted.ts', '../plugins/load.js'],
    ['the API imports plugins', 'src/api/planted.ts', '../plugins/load.js'],
    ['plugins import workers', 'src/plugins/planted.ts', '../workers/worker.js'],
    ['workers import api', 'src/workers/planted.ts', '../api/app.js'],
    ['client imports jobs', 'src/client/planted.ts', '../jobs/ids.js'],
    ['client imports a file system', 'src/client/planted.ts', 'node:fs'],
    ['local imports the command line', 'src/local/planted.ts', '../cli/output.js'],
    ['experiments import the command line', 'src/experiments/report/planted.ts', '../../cli/render/table.js'],
    ['service imports core', 'src/service/redis/planted.ts', '../../core/run.js'],
    ['cli imports the API', 'src/cli/commands/planted.ts', '../../api/app.js'],
    ['files imports contract', 'src/files/planted.ts', '../contract/spec.js'],
    ['the dashboard imports the service', 'src/dashboard/parts/planted.ts', '../../service/start.js'],
    ['the dashboard imports the validator', 'src/dashboard/service/planted.ts', '../../contract/validate.js'],
    ['the dashboard imports a file system', 'src/dashboard/planted.ts', 'node:fs'],
    ['a page imports the service', 'src/dashboard/pages/jobs/planted.ts', '../../../service/start.js'],
    ['a page imports the validator', 'src/dashboard/pages/jobs/planted.ts', '../../../contract/validate.js'],
    ['a page imports another page', 'src/dashboard/pages/jobs/planted.ts', '../job/job-page.js'],
    ['core imports the dashboard', 'src/core/planted.ts', '../dashboard/parts/page.js'],
    ['core imports a room that is new', 'src/core/planted.ts', '../archive/page.js'],
  ];
  for (const [title, path, specifier] of violations) {
    it(`is violated if ${title}`, () => {
      const { status, output } = lintWith({ [path]: importing(specifier) });
      assert.notEqual(status, 0);
      assert.match(output, /noRestrictedImports/);
      assert.ok(output.includes(path), output);
    });
  }

  it('is also violated by a type, an import() and a re-export', () => {
    const texts = [
      `import type { Run } from '../core/run.js';\nexport type Planted = Run;\n`,
      `export const planted = () => import('../core/run.js');\n`,
      `export { createRun } from '../core/run.js';\n`,
    ];
    for (const text of texts) assert.notEqual(lintWith({ 'src/api/planted.ts': text }).status, 0, text);
  });

  it('is violated by a cycle, also of types only', () => {
    const ofTypes = (name: string, other: string) =>
      `import type { ${other} } from './planted-${other.toLowerCase()}.js';\nexport type ${name} = ${other} | null;\n`;
    const cycles = [
      [importing('./planted-b.js'), importing('./planted-a.js')],
      [ofTypes('A', 'B'), ofTypes('B', 'A')],
    ] as const;
    for (const [a, b] of cycles) {
      const { status, output } = lintWith({ 'src/core/planted-a.ts': a, 'src/core/planted-b.ts': b });
      assert.notEqual(status, 0);
      assert.match(output, /noImportCycles/);
    }
  });

  it('has a rule for every room', () => {
    const { overrides } = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8'));
    const rooms = readdirSync(join(root, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const ruled = overrides.flatMap(({ includes }: { includes: string[] }) => includes);
    for (const { name } of rooms) assert.ok(ruled.includes(`src/${name}/**`), `src/${name} has no rule in biome.json`);
  });

  it('lets the API import the codecs and the catalogue', () => {
    const weights = importing('../weights/weights.js');
    const catalogue = importing('../contract/catalogue.js');
    const { status, output } = lintWith({ 'src/api/planted-w.ts': weights, 'src/api/planted-c.ts': catalogue });
    assert.equal(status, 0, output);
  });
});
