import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { specTemplate, startNames } from '../../src/cli/spec-template.js';
import { catalogue } from '../../src/contract/catalogue.js';
import { parseJobSpec } from '../../src/contract/validate.js';
import { createTemporaryFolder } from '../support/redis.js';
import { mlpSpec } from '../weights/samples.js';
import { command } from './command.js';

describe('the template of a job document', () => {
  for (const { name } of catalogue.problems)
    it(`has the defaults of a job on ${name}, all of them`, () => {
      const train = { kind: 'metatrain', problem: { name }, optimizer: { name: 'lstm' } };
      const compare = { kind: 'compare', problem: { name }, optimizer: { name: 'my-optimizer' } };
      for (const document of [train, compare]) {
        const written = parse(specTemplate(document.kind as 'metatrain' | 'compare', name));
        assert.deepEqual(written, parseJobSpec(document));
        assert.deepEqual(parseJobSpec(written), parseJobSpec(document));
      }
    });

  it('trains the optimizer that is asked for, by an estimator that can', () => {
    for (const name of startNames) {
      const written = parse(specTemplate('metatrain', 'perceptron', name));
      const spec = parseJobSpec(written);
      assert.deepEqual(spec, written);
      assert.ok(spec.kind === 'metatrain');
      const { optimizer, training } = spec;
      if (name === 'lstm') assert.deepEqual([optimizer.name, training.estimator], ['lstm', undefined]);
      else assert.deepEqual([optimizer, training.estimator?.name], [mlpSpec(name), 'pes']);
    }
  });

  it('has, above every field, what the schema says of it', () => {
    const lines = specTemplate('metatrain', 'rescaled').split('\n');
    // Fields whose schema has no words: names and tags.
    const silent = /^ *(name|kind):/;
    for (const [i, line] of lines.entries()) {
      if (line.trim() === '' || /^ *#/.test(line) || silent.test(line)) continue;
      assert.match(lines[i - 1] ?? '', /^ *# /, line);
    }
    const text = specTemplate('metatrain', 'quadratic').replaceAll(/\n *# /g, ' ');
    assert(text.includes('Steps between truncations of back-propagation; divides the horizon.'));
    assert(text.includes('Rows and columns of W. Allowed: an integer at least 1, at most 512.'));
    for (const line of lines.filter((one) => /^ *#/.test(one))) assert(line.length <= 100, line);
  });
});

describe('metadescent init', () => {
  it('prints a document, or writes it to a file that does not exist', async () => {
    const { path: cwd, remove } = await createTemporaryFolder();
    try {
      const printed = await command(['init', '--problem', 'simple'], { cwd });
      assert.equal(printed.code, 0, printed.stderr);
      const written = await command(['init', '--problem', 'simple', 'job.yaml'], { cwd });
      assert.deepEqual([written.code, written.stdout], [0, ''], written.stderr);
      assert.equal(await readFile(join(cwd, 'job.yaml'), 'utf8'), printed.stdout);
      assert.equal((await command(['check', 'job.yaml'], { cwd })).code, 0);

      const again = await command(['init', '--kind', 'compare', 'job.yaml'], { cwd });
      assert.equal(again.code, 2);
      assert.match(again.stderr, /job\.yaml cannot be written: it exists: add --overwrite/);
      assert.equal((await command(['init', '--kind', 'compare', '--overwrite', 'job.yaml'], { cwd })).code, 0);
      assert.equal(parse(await readFile(join(cwd, 'job.yaml'), 'utf8')).kind, 'compare');
    } finally {
      await remove();
    }
  });

  it('refuses what there is not', async () => {
    const unknown = await command(['init', '--problem', 'quadrtic']);
    assert.equal(unknown.code, 2);
    assert.match(unknown.stderr, /There is no problem 'quadrtic'/);
    assert.equal((await command(['init', '--kind', 'train'])).code, 2);
  });
});
