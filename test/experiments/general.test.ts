import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { componentsOf } from '../../src/contract/mixtures.js';
import { coordinates } from '../../src/contract/problems.js';
import { budgets, jobsOf, suiteJobName } from '../../src/experiments/plan.js';
import { general } from '../../src/experiments/plans/general.js';
import { references } from '../../src/experiments/suite/standings.js';
import { suiteTasks } from '../../src/experiments/suite/tasks.js';

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
