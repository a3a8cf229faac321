import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { stagesOf } from '../../src/contract/curriculum.js';
import type { ComparisonResults } from '../../src/contract/results.js';
import type { MetatrainSpec } from '../../src/contract/spec.js';
import { parseJobSpec } from '../../src/contract/validate.js';
import { budgets, jobsOf, type Plan, type PlannedJob } from '../../src/experiments/plan.js';
import { ablation } from '../../src/experiments/plans/ablation.js';
import { Reproduction } from '../../src/experiments/reproduction.js';
import { ReproductionFolder } from '../../src/experiments/reproduction-folder.js';
import { nativeMissing } from '../support/native.js';
import { createTemporaryFolder } from '../support/redis.js';

const variantsOf = (budget: (typeof budgets)[number]) => ablation.ablation!(budget).variants;

/** Trainings, by name. */
function trainings(budget: (typeof budgets)[number]): Map<string, MetatrainSpec> {
  return new Map(
    jobsOf(ablation, budget).flatMap(({ name, spec }) => (spec.kind === 'metatrain' ? [[name, spec]] : [])),
  );
}

describe('the plan ablation', () => {
  const specs = trainings('standard');
  for (const { change, jobs } of variantsOf('standard'))
    it(`${change || 'the base'}: applied to the base’s document, it gives the variant’s, seed by seed`, () => {
      const seeds = jobs.filter((name) => specs.has(name));
      assert.equal(seeds.length, 3);
      for (const [i, name] of seeds.entries()) {
        const variant = specs.get(name)!;
        const base = specs.get(`base-${i + 1}`)!;
        const changed = Object.entries(parse(`{${change}}`) as object);
        const ofOptimizer = changed.filter(([key]) => key in base.optimizer);
        const ofTraining = changed.filter(([key]) => !(key in base.optimizer));
        const { iterations } = variant.training;
        const made = parseJobSpec({
          ...base,
          title: variant.title,
          optimizer: { ...base.optimizer, ...Object.fromEntries(ofOptimizer) },
          training: {
            ...base.training,
            schedule: { ...base.training.schedule, warmup: iterations / 100 },
            validation: { ...base.training.validation, every: iterations / 20 },
            ...Object.fromEntries(ofTraining),
          },
        });
        assert.deepEqual(variant, made);
        assert.equal(variant.seed, i + 1);
      }
    });

  for (const budget of budgets)
    it(`${budget}: the same number of steps for each, and a comparison on the same functions`, () => {
      const steps = [...trainings(budget).values()].map(({ training }) => {
        const stages = stagesOf(training);
        const unrolled = stages.map(
          ({ from, unroll }, i) => ((stages[i + 1]?.from ?? training.iterations) - from) * unroll,
        );
        return training.functions * unrolled.reduce((a, b) => a + b, 0);
      });
      assert.equal(new Set(steps).size, 1, String(steps));
      const compared = jobsOf(ablation, budget).flatMap(({ spec }) => (spec.kind === 'compare' ? [spec] : []));
      assert.equal(compared.length, steps.length);
      const drawn = compared.map(({ seed, problem, comparison: { functions } }) => ({ seed, problem, functions }));
      for (const one of drawn) assert.deepEqual(one, drawn[0]);
    });

  it('changes something different in each row', () => {
    const changes = variantsOf('standard').map(({ change }) => change);
    assert.equal(changes[0], '');
    assert.equal(new Set(changes).size, changes.length);
  });

  it('writes a table that agrees with its results', { skip: nativeMissing() }, async () => {
    const folder = await createTemporaryFolder();
    try {
      const names = ['base-1', 'base-2', 'unroll-50-1', 'unroll-50-2'];
      const isShown = (name: string) => names.includes(name.replace(/-100$/, ''));
      const plan: Plan = {
        ...ablation,
        ablation: () => ({
          ...ablation.ablation!('standard'),
          variants: variantsOf('standard').filter(({ jobs }) => jobs.some(isShown)),
        }),
        jobs: () =>
          ablation
            .jobs('standard')
            .filter(({ name }) => isShown(name))
            .map(shortened),
      };
      const at = new ReproductionFolder(join(folder.path, 'ablation'));
      const reproduction = await Reproduction.open({ plan, budget: 'standard', folder: at });
      const { signal } = new AbortController();
      const done: string[] = [];
      const state = await reproduction.run(
        signal,
        ({ name }) => done.push(name),
        () => {},
      );
      assert.equal(state, 'succeeded');
      assert.equal(done.length, 8);

      const { jobs } = (await at.readJson<{ jobs: { name: string; results?: ComparisonResults }[] }>('results.json'))!;
      const [b1, b2, u1, u2] = jobs.flatMap(({ results }) => (results ? [results.optimizers[0]!] : []));
      const markdown = await readFile(join(at.path, 'ablation.md'), 'utf8');
      const [base, unroll, rule] = rowsOf(markdown);
      for (const [column, measure] of [
        [1, 'sum'],
        [3, 'final'],
      ] as const) {
        const [first, second] = [b1!, b2!].map((one) => one[measure].value as number) as [number, number];
        const others = [u1!, u2!].map((one) => one[measure].value as number) as [number, number];
        const [mean, minimum, maximum] = numbers(base![column]!);
        near(mean!, (first + second) / 2);
        near(minimum!, Math.min(first, second));
        near(maximum!, Math.max(first, second));
        const difference = (others[0] + others[1] - first - second) / 2;
        const cell = unroll![column + 1]!;
        near(numbers(cell)[0]!, difference, 0.06);
        const apart = Math.max(...others) < Math.min(first, second) || Math.min(...others) > Math.max(first, second);
        assert.equal(cell.startsWith('**'), apart, cell);
      }
      assert.deepEqual([base![0], unroll![0]], ['the base', '`unroll: 50, iterations: 3200`']);
      assert.match(rule![1]!, /\(NAG .* \(tuned\)\)$/);

      const html = await readFile(join(at.path, 'report.html'), 'utf8');
      const [summary] = /<section id="summary">.*?<\/section>/s.exec(html) ?? [''];
      assert.equal(summary.match(/<tr/g)?.length, 1 + 3);
      assert.ok(summary.includes('<code>unroll: 50, iterations: 3200</code>'));
      // Only the base's trainings and comparisons have their own sections.
      assert.deepEqual(
        [...html.matchAll(/<section id="([^"]+)">/g)].map(([, id]) => id),
        ['summary', 'base-1', 'base-1-100', 'base-2', 'base-2-100', 'circumstances'],
      );
    } finally {
      await folder.remove();
    }
  });
});

describe('docs/ablation.md', () => {
  it('has the rows of the plan at the standard budget', () => {
    const page = readFileSync(new URL('../../../docs/ablation.md', import.meta.url), 'utf8');
    assert.ok(page.includes('npx metadescent reproduce ablation --budget standard'));
    assert.deepEqual(
      rowsOf(page).map(([change]) => change),
      [
        ...variantsOf('standard').map(({ change }) => (change ? `\`${change}\`` : 'the base')),
        'a hand-designed optimizer, tuned',
      ],
    );
  });
});

/** The same, in a second. */
function shortened(job: PlannedJob): PlannedJob {
  if ('train' in job) {
    const training = { ...job.train.training, iterations: 6, validation: { every: 6, functions: 4 } };
    return { ...job, train: { ...job.train, training } };
  }
  const comparison = { ...job.compare.comparison, functions: 32, tuning: { functions: 8, points: 3 }, resamples: 100 };
  return { ...job, compare: { ...job.compare, comparison } };
}

/** The cells of a Markdown table's rows, without the head. */
function rowsOf(markdown: string): string[][] {
  const lines = markdown.split('\n').filter((line) => line.startsWith('| '));
  return lines.slice(2).map((line) => line.slice(2, -2).split(' | '));
}

function numbers(cell: string): number[] {
  return (cell.replaceAll('−', '-').match(/-?\d[\d.]*(e[+-]\d+)?/g) ?? []).map(Number);
}

function near(found: number, expected: number, tolerance = 1e-3): void {
  assert.ok(Math.abs(found - expected) <= tolerance * Math.abs(expected), `${found} is not ${expected}`);
}
