import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { catalogue } from '../../src/contract/catalogue.js';
import { isQuadratic, type ProblemSpec } from '../../src/contract/problems.js';
import { parseJobSpec } from '../../src/contract/validate.js';
import { rules } from '../../src/core/optimizers/registry.js';
import { problems } from '../../src/core/problems/registry.js';

test('the catalogue lists exactly what the core has', () => {
  const names = (entries: { name: string }[]) => entries.map(({ name }) => name).sort();
  assert.deepEqual(names(catalogue.problems), Object.keys(problems).sort());
  assert.deepEqual(names(catalogue.rules), [...Object.keys(rules), 'conjugate-gradients'].sort());
  assert.deepEqual(names(catalogue.learned), ['groups', 'lstm', 'mlp']);
  assert.deepEqual(names(catalogue.preprocessings), ['log-sign-deepmind', 'log-sign-paper', 'none']);
});

test('a job made of the defaults is complete', () => {
  for (const problem of catalogue.problems)
    for (const rule of catalogue.rules)
      for (const learned of catalogue.learned.filter(({ name }) => name !== 'mlp'))
        for (const preprocess of catalogue.preprocessings) {
          const { defaults } = problem as { defaults: ProblemSpec };
          if (rule.name === 'conjugate-gradients' && !isQuadratic(defaults)) continue;
          const optimizer =
            learned.name === 'lstm' ? { ...learned.defaults, preprocess: preprocess.defaults } : learned.defaults;
          const spec = parseJobSpec({
            kind: 'metatrain',
            problem: problem.defaults,
            optimizer,
            comparison: { baselines: [rule.defaults] },
          });
          assert(spec.kind === 'metatrain');
          assert.deepEqual(spec.problem, problem.defaults);
          assert.deepEqual(spec.optimizer, optimizer);
          assert.deepEqual(spec.comparison?.baselines, [rule.defaults]);
        }
});

test('back-propagation is refused for an MLP, with what to choose instead', () => {
  const learned = catalogue.learned.find(({ name }) => name === 'mlp')!;
  const job = { kind: 'metatrain', problem: { name: 'parabola' }, optimizer: learned.defaults };
  assert.throws(() => parseJobSpec(job), /\/training\/estimator: found "bptt", allowed: "es", "pes" or "nres"/);
});

test('every entry has a title and a description', () => {
  for (const entry of Object.values(catalogue).flat())
    assert(entry.title !== '' && entry.description !== '', entry.name);
});

test('neither the catalogue nor the API loads an engine', async () => {
  for (const entry of ['../../src/contract/catalogue.js', '../../src/api/server.js']) {
    const loaded = await loadedBy(new URL(entry, import.meta.url));
    assert(loaded.size > 5);
    const engines = [...loaded].filter((name) => /tensorflow|core\/(engines|metatrain|compare|problems)/.test(name));
    assert.deepEqual(engines, [], entry);
  }
});

/** Our files and the packages that a file imports, directly or not. */
async function loadedBy(file: URL, loaded = new Set<string>()): Promise<Set<string>> {
  if (loaded.has(file.pathname)) return loaded;
  loaded.add(file.pathname);
  const source = await readFile(file, 'utf8');
  for (const [, name] of source.matchAll(/(?:from|import) '([^']+)';/g)) {
    if (name?.startsWith('.')) await loadedBy(new URL(name, file), loaded);
    else if (name) loaded.add(name);
  }
  return loaded;
}
