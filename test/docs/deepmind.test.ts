import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createProgram } from '../../src/cli/program.js';
import { catalogue } from '../../src/contract/catalogue.js';
import { ComparisonResults } from '../../src/contract/results.js';
import { CompareSpec, MetatrainSpec } from '../../src/contract/spec.js';

const text = readFileSync(fileURLToPath(new URL('../../../docs/deepmind.md', import.meta.url)), 'utf8');

/** The flags of deepmind/learning-to-learn at commit f3c1a8d, as its sources define them, with their defaults. */
const flags = {
  'train.py': {
    save_path: 'none',
    num_epochs: '10000',
    log_period: '100',
    evaluation_period: '1000',
    evaluation_epochs: '20',
    problem: 'simple',
    num_steps: '100',
    unroll_length: '20',
    learning_rate: '0.001',
    second_derivatives: 'false',
  },
  'evaluate.py': {
    optimizer: 'L2L',
    path: 'none',
    num_epochs: '100',
    seed: 'none',
    problem: 'simple',
    num_steps: '100',
    learning_rate: '0.001',
  },
};

/** The cells of the table in the section with that title. */
function tableOf(title: string): string[][] {
  const section = text.split(`\n## ${title}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((row) =>
    row
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
}

describe("docs/deepmind.md, deepmind/learning-to-learn's command line in ours", () => {
  for (const [title, known] of Object.entries(flags)) {
    it(`has every flag of ${title} with its default`, () => {
      const found = tableOf(title).map(([flag, value]) => [flag!.replace(/^`--(.*)`$/, '$1'), value]);
      assert.deepEqual(Object.fromEntries(found), known);
    });
  }

  it('names fields and options that exist', () => {
    const spans = [...text.matchAll(/`([^`\n]+)`/g)].map(([, span]) => span!);
    const fields = spans.filter((span) => /^(?:training|comparison|problem|optimizer)\.[\w.]+$|^seed$/.test(span));
    const options = spans.filter((span) => /^[a-z]+ --[a-z-]+$/.test(span));
    assert.ok(fields.length > 15 && options.length >= 8, `${fields.length} fields, ${options.length} options`);
    for (const field of fields) {
      const path = field.split('.');
      assert.ok(has(MetatrainSpec, path) || has(CompareSpec, path), `no field ${field}`);
    }
    for (const option of options) {
      const [name, flag] = option.split(' ') as [string, string];
      const command = createProgram().commands.find((c) => c.name() === name);
      assert.ok(
        command?.options.some(({ long }) => long === flag),
        `no option ${option}`,
      );
    }
    assert.ok(has(ComparisonResults, ['optimizers', 'log10MeanFinal']));
  });

  it("maps each of their problems to one of the catalogue's", () => {
    const names = catalogue.problems.map(({ name }) => name as string);
    for (const [, ours] of tableOf('Problems')) assert.ok(names.includes(/`([\w-]+)`/.exec(ours!)![1]!), ours);
  });
});

/** Whether a document may have the field, in some variant of a union or in the items of a list. */
function has(schema: object, [field, ...rest]: readonly string[]): boolean {
  const { properties, items, anyOf, oneOf } = schema as {
    properties?: Record<string, object>;
    items?: object;
    anyOf?: object[];
    oneOf?: object[];
  };
  if (field === undefined) return true;
  if (properties?.[field]) return has(properties[field], rest);
  return [items, ...(anyOf ?? []), ...(oneOf ?? [])].some((inner) => inner && has(inner, [field, ...rest]));
}
