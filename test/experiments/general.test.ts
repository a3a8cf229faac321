import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { componentsOf } from '../../src/contract/mixtures.js';
import { coordinates } from '../../src/contract/problems.js';
import type { MetatrainSpec } from '../../src/contract/spec.js';
import { budgets, jobsOf, suiteJobName } from '../../src/experiments/plan.js';
import { general } from '../../src/experiments/plans/general.js';
import { generalAblation } from '../../src/experiments/plans/general-ablation.js';
import { Reproduction } from '../../src/experiments/reproduction.js';
import { ReproductionFolder } from '../../src/experiments/reproduction-folder.js';
import { references } from '../../src/experiments/suite/standings.js';
import { suiteTasks } from '../../src/experiments/suite/tasks.js';
import { nativeMissing } from '../support/native.js';
import { createTemporaryFolder } from '../support/redis.js';

describe('the plan general', () => {
  for (const budget of budgets)
    it(`${budget}: every learned optimizer on every task, and what it is measured against`, () => {
      const jobs = jobsOf(general, budget);
      const { tasks, learned } = general.suite!(budget);
      const names = jobs.filter(({ of }) => of !== null).map(({ name }) => name);
      assert.deepEqual(
        names,
        tasks.flatMap((task) => learned.map(({ name }) => suiteJobName(task, name))),
      );
      for (const task of tasks) {
        const { spec } = jobs.find(({ name }) => name === suiteJobName(task, learned[0]!.name))!;
        assert.ok(spec.comparison!.baselines.length >= references.length);
      }
    });

  it('trains on functions of one size, and chooses weights on a problem that is in neither', () => {
    const [{ spec }] = jobsOf(general, 'full') as [ReturnType<typeof jobsOf>[number]];
    assert.ok(spec.kind === 'metatrain');
    assert.deepEqual([...new Set(componentsOf(spec.problem).map(coordinates))].sort(), [2344, 2410]);
    const proxy = JSON.stringify(spec.training.validation.problem);
    const used = jobsOf(general, 'full').map((job) => JSON.stringify(job.spec.problem));
    assert.ok(!used.includes(proxy));
    assert.equal(suiteTasks.length, 16);
  });
});

describe('the plan general-ablation', () => {
  it('changes one thing in each row, and compares on the same functions, outside the suite', () => {
    for (const budget of budgets) {
      const jobs = jobsOf(generalAblation, budget);
      const { variants, columns } = generalAblation.ablation!(budget);
      const documents = variants.map(({ jobs: own }) => JSON.stringify({ ...specOf(own[0]!), title: '' }));
      assert.equal(new Set(documents).size, variants.length);
      const base = specOf('base-1') as MetatrainSpec;
      for (const { change, jobs: own } of variants) {
        const spec = specOf(own[0]!) as MetatrainSpec;
        const parts = (['problem', 'optimizer', 'training'] as const).filter(
          (part) => JSON.stringify(spec[part]) !== JSON.stringify(base[part]),
        );
        assert.equal(parts.length, change === '' ? 0 : 1, change);
      }
      for (const { comparison } of columns) {
        const compared = jobs.filter(({ name, of }) => of !== null && name.endsWith(`-${comparison}`));
        assert.equal(compared.length, jobs.filter(({ of }) => of === null).length);
        const drawn = compared.map(({ spec }) => JSON.stringify([spec.seed, spec.problem, spec.comparison!.functions]));
        assert.equal(new Set(drawn).size, 1);
        const problem = JSON.stringify(compared[0]!.spec.problem);
        const suite = jobsOf(general, budget).filter(({ of }) => of !== null);
        assert.ok(suite.every(({ spec }) => JSON.stringify(spec.problem) !== problem));
      }
      function specOf(job: string) {
        return jobs.find(({ name }) => name === job)!.spec;
      }
    }
  });

  it('writes a column per network, and a row per variant that is done', { skip: nativeMissing() }, async () => {
    const folder = await createTemporaryFolder();
    try {
      const shown = ['base-1', 'es-1'];
      const plan = {
        ...generalAblation,
        jobs: () =>
          generalAblation
            .jobs('quick')
            .filter(({ name }) => shown.some((one) => name === one || name.startsWith(`${one}-`))),
      };
      const at = new ReproductionFolder(join(folder.path, 'ablation'));
      const reproduction = await Reproduction.open({ plan, budget: 'quick', folder: at });
      const { signal } = new AbortController();
      const state = await reproduction.run(
        signal,
        () => {},
        () => {},
      );
      assert.equal(state, 'succeeded');
      const rows = (await readFile(join(at.path, 'ablation.md'), 'utf8'))
        .split('\n')
        .filter((line) => line.startsWith('| '));
      const [head, , ...lines] = rows.map((row) => row.slice(2, -2).split(' | '));
      assert.deepEqual(
        lines.map(([name]) => name),
        ['the base', 'truncated ES in place of PES', 'a hand-designed optimizer, tuned'],
      );
      assert.equal(head!.length, 1 + 2 * generalAblation.ablation!('quick').columns.length);
      for (const line of lines) assert.equal(line.length, head!.length);
      for (const [column, { comparison }] of generalAblation.ablation!('quick').columns.entries()) {
        const found = (await at.job(`es-1-${comparison}`).results())!.optimizers[0]!.tail.value as number;
        assert.ok(Math.abs(Number.parseFloat(lines[1]![1 + 2 * column]!) / found - 1) < 1e-3);
      }
    } finally {
      await folder.remove();
    }
  });
});

describe('reproduce general --budget quick', { skip: nativeMissing() }, () => {
  it('trains both, judges them on the suite, and writes the tables', async () => {
    const folder = await createTemporaryFolder();
    try {
      const at = new ReproductionFolder(join(folder.path, 'general-quick'));
      const reproduction = await Reproduction.open({ plan: general, budget: 'quick', folder: at });
      const state = await reproduction.run(
        new AbortController().signal,
        () => {},
        () => {},
      );
      assert.equal(state, 'succeeded');
      const tables = await readFile(join(at.path, 'suite.md'), 'utf8');
      const { learned, tasks } = general.suite!('quick');
      const rows = tables.split('\n').filter((line) => line.startsWith('| '));
      // Tables with two lines of head each; the last has a row for the gradient.
      const optimizers = learned.length + 8;
      assert.equal(rows.length, 2 + optimizers + learned.length * (2 + tasks.length) + 2 + optimizers + 1);
      for (const { title } of learned) assert.ok(tables.includes(`| ${title} | `), title);
      assert.doesNotMatch(tables, /NaN|undefined/);
      const { coordinates, gradientSeconds, optimizers: costs } = (await at.record())!.costs!;
      const perCoordinate = (title: string) => costs.find((one) => one.title === title)!.state / coordinates;
      assert.deepEqual(['Adam', 'Lion', 'LSTM, same recipe'].map(perCoordinate), [2, 1, 80]);
      assert.equal(perCoordinate('MLP'), perCoordinate('MLP, cosine'));
      // Three momenta and a mean of squares; rows and columns of three factors, which are small beside the matrices.
      assert.ok(perCoordinate('MLP') > 4 && perCoordinate('MLP') < 5, String(perCoordinate('MLP')));
      assert.ok(costs.every(({ seconds }) => seconds > gradientSeconds / 2));
      const html = await readFile(join(at.path, 'report.html'), 'utf8');
      const [summary] = /<section id="summary">.*?<\/section>/s.exec(html) ?? [''];
      assert.match(summary, /Sensitivity to the learning rate/);
    } finally {
      await folder.remove();
    }
  });
});
