import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { catalogue } from '../../src/contract/catalogue.js';
import { parseJobSpec } from '../../src/contract/validate.js';
import { edited, switched, turned } from '../../src/dashboard/forms/edit.js';
import type { Field } from '../../src/dashboard/forms/field.js';
import { jobField } from '../../src/dashboard/forms/job-field.js';
import { type Json, valueAt } from '../../src/dashboard/forms/json.js';

const job = jobField(catalogue);
const small = { kind: 'metatrain', problem: { name: 'quadratic' }, optimizer: { name: 'lstm' } };
const seed = parse(await readFile('examples/specs/seed.yaml', 'utf8')) as Json;

describe('an edit', () => {
  it('says only what differs from the default', () => {
    assert.deepEqual(edited(job, small, ['training', 'horizon'], 40), { ...small, training: { horizon: 40 } });
    const back = edited(job, { ...small, training: { horizon: 40 } }, ['training', 'horizon'], 20);
    assert.deepEqual(back, small);
    assert.deepEqual(edited(job, small, ['training', 'horizon'], undefined), small);
  });

  it('makes what is there only by default', () => {
    const warm = edited(job, small, ['training', 'schedule', 'warmup'], 5);
    assert.deepEqual(warm, { ...small, training: { schedule: { name: 'constant', warmup: 5 } } });
    const fewer = edited(job, small, ['comparison', 'baselines', 0], undefined);
    assert.deepEqual(fewer, { ...small, comparison: { baselines: [{ name: 'adam' }] } });
    for (const document of [warm, fewer]) parseJobSpec(document);
  });

  it('keeps what the document said before, defaults too', () => {
    const after = edited(job, seed, ['training', 'horizon'], 40);
    assert.equal(valueAt(after, ['training', 'iterations']), 1000);
    assert.deepEqual(valueAt(after, ['comparison', 'tuning']), { functions: 2048 });
    assert.equal(valueAt(edited(job, after, ['training', 'iterations'], 2000), ['training', 'iterations']), 2000);
  });

  it('keeps what is wrong elsewhere', () => {
    const wrong = { ...small, training: { unroll: 'x', extra: 1 } };
    assert.deepEqual(edited(job, wrong, ['training', 'horizon'], 40), {
      ...small,
      training: { horizon: 40, unroll: 'x', extra: 1 },
    });
  });
});

describe('another variant', () => {
  it('keeps the fields that both have', () => {
    const rules = at(job, 'metatrain', 'comparison', 'baselines');
    assert.ok(rules.kind === 'list' && rules.item.kind === 'variants');
    const adam = { name: 'adam', learningRate: 0.1, beta1: 0.8 };
    assert.deepEqual(switched(rules.item, adam, 'adamw'), { ...adam, name: 'adamw' });
    assert.deepEqual(switched(rules.item, adam, 'sgd'), { name: 'sgd', learningRate: 0.1 });
    assert.deepEqual(switched(rules.item, adam, 'conjugate-gradients'), { name: 'conjugate-gradients' });
  });

  it('begins a comparison of a trained optimizer with the problem of the training', () => {
    assert.ok(job.kind === 'variants');
    const { optimizer, ...rest } = switched(job, { ...small, seed: 3, training: { horizon: 5 } }, 'compare') as Record<
      string,
      Json
    >;
    assert.deepEqual(rest, { kind: 'compare', seed: 3, problem: { name: 'quadratic' } });
    assert.deepEqual(optimizer, {});
  });
});

describe('an optional part', () => {
  it('is turned on and off', () => {
    const imitation = at(job, 'metatrain', 'training', 'imitation');
    assert.deepEqual([turned(imitation, true), turned(imitation, false)], [{ rule: { name: 'sgd' } }, undefined]);
    const comparison = at(job, 'metatrain', 'comparison');
    assert.deepEqual([turned(comparison, true), turned(comparison, false)], [undefined, null]);
  });
});

/** The field at the end of a path through objects, variants and nullables. */
function at(from: Field, ...[step, ...rest]: string[]): Field {
  if (step === undefined) return from;
  if (from.kind === 'nullable') return at(from.field, step, ...rest);
  if (from.kind === 'variants') return at(from.variants.find(({ name }) => name === step)!.object, ...rest);
  assert.ok(from.kind === 'object');
  return at(from.members.find(({ name }) => name === step)!.field, ...rest);
}
