import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tailSteps } from '../../../src/contract/measures.js';
import { parseJobSpec } from '../../../src/contract/validate.js';
import { budgets } from '../../../src/experiments/plan.js';
import { groups } from '../../../src/experiments/suite/scores.js';
import { suiteJob, suiteOf, suiteTasks } from '../../../src/experiments/suite/tasks.js';

describe('the suite of held-out tasks', () => {
  it('has 16 different problems, three of them for 25 times the longest horizon of training', () => {
    assert.equal(suiteTasks.length, 16);
    assert.equal(new Set(suiteTasks.map(({ problem }) => JSON.stringify(problem))).size, 16);
    assert.equal(new Set(suiteTasks.map(({ name }) => name)).size, 16);
    assert.equal(suiteTasks.filter(({ steps }) => steps === 50_000).length, 3);
    for (const { steps } of suiteTasks) assert.ok(steps === 50_000 || (steps >= 500 && steps <= 2000));
  });

  for (const budget of budgets)
    it(`${budget}: valid comparisons, with whole groups of functions and windows of whole pieces`, () => {
      for (const task of suiteOf(budget)) {
        const job = suiteJob(task, 'constant', 'any', { baselines: [{ name: 'adam' }, { name: 'adamw' }] }, budget);
        assert.ok('of' in job);
        const { comparison } = parseJobSpec({ kind: 'compare', ...job.compare, optimizer: { job: job.of } });
        const { functions, steps, curves, tuning } = comparison!;
        assert.equal(functions % groups, 0);
        const piece = Math.max(1, steps / (curves!.points - 1));
        assert.ok(Number.isInteger(piece) && tailSteps(steps) % piece === 0, `${task.name}: ${piece}`);
        assert.ok(budget === 'quick' || tuning.points >= 7);
      }
    });
});
