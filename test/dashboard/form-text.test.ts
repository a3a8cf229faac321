import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import type { Json } from '../../src/dashboard/forms/json.js';
import { withValue } from '../../src/dashboard/forms/json.js';
import { lineOf, readText, reviseText, writeText } from '../../src/dashboard/forms/text.js';

const seed = await readFile('examples/specs/seed.yaml', 'utf8');

/** The text after a change of one value, and what it then says. */
function revise(text: string, path: (string | number)[], value: Json | undefined): string {
  const document = withValue(readText(text).document!, path, value)!;
  const revised = reviseText(text, 'yaml', document);
  assert.deepEqual(readText(revised).document, document);
  return revised;
}

describe('a document’s text', () => {
  it('changes in the one place that the form changes, and keeps its comments', () => {
    const changes = linesChanged(seed, revise(seed, ['training', 'horizon'], 40));
    assert.deepEqual(changes, {
      gone: ['  horizon: 20 # steps for which a function is optimised ...'],
      come: ['  horizon: 40 # steps for which a function is optimised ...'],
    });
  });

  it('gets a new field in the place that the document has it', () => {
    const document = readText(seed).document!;
    const { seed: number, ...rest } = document;
    const revised = reviseText(seed, 'yaml', { ...rest, labels: ['a', 'b'], seed: number! });
    assert.ok(revised.includes('labels: [ a, b ]'), revised);
    assert.ok(revised.includes('# optimised') || revised.includes('# The first example'), revised);
  });

  it('loses a field, or an item of a list, with its comment', () => {
    assert.ok(!revise(seed, ['training', 'unroll'], undefined).includes('one back-propagation'));
    const fewer = revise(seed, ['comparison', 'baselines', 0], undefined);
    assert.ok(!fewer.includes('name: sgd, learningRate: 0.1'), fewer);
  });

  it('changes one use of an anchor and not the other', async () => {
    const text = await readFile('examples/specs/cifar-multi.yaml', 'utf8');
    revise(text, ['optimizer', 'groups', 1, 'optimizer', 'outputScale'], 1);
    revise(text, ['optimizer', 'groups', 0, 'optimizer', 'outputScale'], 1);
  });

  it('is the same document in YAML and JSON', () => {
    const document = readText(seed).document!;
    for (const format of ['yaml', 'json'] as const)
      assert.deepEqual(readText(writeText(document, format)).document, document);
  });

  it('is not a document where it is no YAML, or no object, and says where', () => {
    assert.equal(readText('kind: metatrain\nproblem: [1,\n').fault?.line, 3);
    assert.match(readText('- 1\n').fault!.message, /object of fields/);
    assert.match(readText('').fault!.message, /object of fields/);
  });

  it('has the line of each field', () => {
    const line = lineOf(seed, '/training/clipNorm');
    assert.match(seed.split('\n')[line - 1]!, /clipNorm/);
    assert.equal(lineOf(seed, '/training/nothing'), lineOf(seed, '/training'));
  });
});

function linesChanged(before: string, after: string) {
  // Lists are printed with spaces within their brackets.
  const [old, fresh] = [before, after].map((text) => text.replaceAll('[ ', '[').replaceAll(' ]', ']').split('\n'));
  return { gone: old!.filter((line) => !fresh!.includes(line)), come: fresh!.filter((line) => !old!.includes(line)) };
}
