import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JobEvent, JobEventOf } from '../../src/contract/events.js';
import { JobFailure } from '../../src/contract/events.js';
import { LossBuckets } from '../../src/contract/loss-buckets.js';
import { JobSpec } from '../../src/contract/spec.js';
import { compile } from '../../src/contract/validate.js';
import { failures } from '../../src/dashboard/pages/job/failures.js';
import { JobHistory } from '../../src/dashboard/pages/job/job-history.js';
import { phaseRows } from '../../src/dashboard/pages/job/phases.js';
import { overSeeds } from '../../src/dashboard/pages/side-by-side/seeds.js';
import { differingFields, seedGroups } from '../../src/dashboard/pages/side-by-side/spec-table.js';

function specOf(document: object): JobSpec {
  const spec = { kind: 'metatrain', problem: { name: 'quadratic' }, optimizer: { name: 'lstm' }, ...document };
  compile(JobSpec)(spec);
  return spec as unknown as JobSpec;
}

const engine = { engine: 'native', backend: 'cpu', version: '1', instructionSet: 'avx2', threads: 2 };
let clock = 1_000_000;
let seq = 0;
/** A second later. */
const tick = () => {
  clock += 1000;
  return clock;
};
const at = (attempt: number) => ({ job: 'j', attempt, seq: seq++, time: tick() });
const started = (attempt: number): JobEvent => ({
  ...at(attempt),
  type: 'started',
  engine,
  coordinates: 10,
  weights: 100,
  iterations: 1000,
  unroll: 20,
});
const validation = (attempt: number, iteration: number, loss: number, best: boolean): JobEvent => ({
  ...at(attempt),
  type: 'validation',
  iteration,
  loss,
  best,
  measure: 'sum',
  steps: 20,
});

describe('the history of a job', () => {
  it('keeps the validations of the latest attempt, per step, and lists what happened', () => {
    const history = new JobHistory(specOf({}));
    const events: JobEvent[] = [
      { ...at(0), type: 'state', state: 'queued', reason: null },
      started(1),
      validation(1, 0, 100, true),
      validation(1, 100, 60, true),
      validation(1, 200, 80, false),
      { ...at(1), type: 'state', state: 'queued', reason: { code: 'worker-lost', message: 'The worker is gone.' } },
      started(2),
      validation(2, 100, 61, true),
    ];
    for (const event of events) history.add(event);
    assert.deepEqual(history.validations, [
      { iteration: 0, loss: 5, best: true },
      { iteration: 100, loss: 61 / 20, best: true },
    ]);
    assert.deepEqual(
      history.log.map(({ text, isAlarm }) => [text, isAlarm]),
      [
        ['Queued', false],
        ['Attempt 1 began on native cpu, avx2, 2 threads', false],
        ['Best validation so far after 0 meta-iterations: 5.000 per step', false],
        ['Best validation so far after 100 meta-iterations: 3.000 per step', false],
        ['Queued: The worker is gone.', true],
        ['Attempt 2 began on native cpu, avx2, 2 threads', false],
        ['Best validation so far after 100 meta-iterations: 3.050 per step', false],
      ],
    );
  });

  it('names the precision of products where it is not fp32', () => {
    const history = new JobHistory(specOf({}));
    const event = started(1) as JobEventOf<'started'>;
    history.add({ ...event, engine: { ...engine, threads: 1, precision: 'bf16' } });
    const [entry] = history.log;
    assert.equal(entry!.text, 'Attempt 1 began on native cpu, avx2 with products in bf16, one thread');
  });

  it('says how far each phase is', () => {
    const spec = specOf({ training: { iterations: 1000 } });
    const history = new JobHistory(spec);
    const rows = (state: 'queued' | 'running' | 'succeeded' | 'failed') =>
      phaseRows({ spec, state, progress: null }, history).map(({ phase, amount, pace, isCurrent }) => [
        phase,
        amount,
        pace,
        isCurrent,
      ]);
    assert.deepEqual(rows('queued')[0], ['training', 'not begun', '', false]);
    history.add(started(1));
    for (const done of [100, 200]) history.advance('training', done, 1000, tick());
    assert.deepEqual(rows('running'), [
      ['training', '200 of 1,000 meta-iterations', '100 /s · 8 s left', true],
      ['validation', 'none yet', '', false],
      ['tuning', 'not begun', '', false],
      ['comparison', 'not begun', '', false],
      ['statistics', 'not begun', '', false],
    ]);
    history.add({ ...at(1), type: 'progress', phase: 'tuning', done: 3, total: 8 });
    assert.deepEqual(rows('running')[0], ['training', '200 of 1,000 meta-iterations', '', false]);
    assert.deepEqual(rows('running')[2], ['tuning', '3 of 8 runs', '', true]);
    assert.deepEqual(rows('succeeded')[3], ['comparison', 'done', '', false]);
    assert.deepEqual(rows('failed')[4], ['statistics', 'not reached', '', false]);
  });
});

describe('failures', () => {
  it('are explained, every one of them', () => {
    const { properties } = JobFailure as unknown as { properties: { code: { enum: string[] } } };
    assert.deepEqual(Object.keys(failures).sort(), [...properties.code.enum].sort());
  });
});

describe('jobs side by side', () => {
  const specs = [
    specOf({ title: 'a', seed: 1 }),
    specOf({ title: 'b', seed: 2, labels: ['x'] }),
    specOf({ title: 'c', seed: 1, training: { learningRate: 0.01 }, comparison: null }),
  ];

  it('differ in these fields only', () => {
    const fields = differingFields(specs);
    assert.deepEqual(
      fields.map(({ pointer }) => pointer),
      ['/seed', '/training/learningRate', '/comparison'],
    );
    assert.deepEqual(fields[0]!.values, [1, 2, 1]);
    assert.deepEqual(fields[1]!.values, [0.001, 0.001, 0.01]);
    assert.deepEqual(differingFields(specs.slice(0, 1)), []);
  });

  it('are seeds of one document where nothing but names and the seed differs', () => {
    assert.deepEqual(seedGroups(specs), [[0, 1], [2]]);
  });

  it('have a mean and a band over the seeds, where all have losses', () => {
    const bucketsOf = (width: number, losses: number[]) => {
      const buckets = new LossBuckets(width);
      buckets.add(0, 1, losses);
      return buckets;
    };
    const name = { id: 'a', label: 'seeds', stroke: { colour: 0, dash: 0 } };
    const seeds = [bucketsOf(1, [1, 1, 1, 1, 2, 2, 2, 2, 9]), bucketsOf(4, [3, 3, 3, 3, 4, 4, 4, Number.NaN])];
    const curve = overSeeds(seeds, name);
    assert.deepEqual(
      [curve.width, curve.x, curve.mean, curve.low, curve.high],
      [4, [1.5, 5.5], [2, 3], [1, 2], [3, 4]],
    );
    assert.deepEqual(
      [curve.count, curve.finite],
      [
        [8, 8],
        [8, 7],
      ],
    );
  });
});
