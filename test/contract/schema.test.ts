import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as events from '../../src/contract/events.js';
import * as job from '../../src/contract/job.js';
import * as losses from '../../src/contract/losses.js';
import * as optimizers from '../../src/contract/optimizers.js';
import * as problems from '../../src/contract/problems.js';
import * as results from '../../src/contract/results.js';
import { fromWire, toWire, WireNumber } from '../../src/contract/schema.js';
import * as spec from '../../src/contract/spec.js';
import { compile } from '../../src/contract/validate.js';

describe('every schema of the contract', () => {
  const modules = { events, job, losses, optimizers, problems, results, spec };
  for (const [file, exported] of Object.entries(modules)) {
    for (const [name, schema] of Object.entries(exported).filter(
      ([name, s]) => /^[A-Z]/.test(name) && typeof s === 'object',
    )) {
      it(`${file}: ${name} compiles, and survives JSON as it is published in the OpenAPI document`, () => {
        // As a field: a default has no place at a schema's root.
        const document = { type: 'object', properties: { it: schema } };
        compile(document);
        compile(JSON.parse(JSON.stringify(document)));
      });
    }
  }
});

describe('numbers on the wire', () => {
  it('survive encoding and decoding; those that JSON lacks become strings', () => {
    for (const value of [0, 1.5, -1e308, 5e-324, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
      assert.ok(Object.is(fromWire(JSON.parse(JSON.stringify(toWire(value)))), value), String(value));
    assert.deepEqual([Number.NaN, Infinity, -Infinity].map(toWire), ['NaN', 'Infinity', '-Infinity']);
  });

  it('match their schema', () => {
    const check = compile(WireNumber);
    for (const value of [1, 'NaN', 'Infinity', '-Infinity']) assert.ok(check(value));
    for (const value of ['1', 'nan', null, true, '+Infinity']) assert.ok(!check(value));
  });
});

describe('job states', () => {
  it('are final where no other state follows by itself', () => {
    const states = ['queued', 'running', 'paused', 'succeeded', 'failed', 'cancelled'] as const;
    assert.deepEqual(states.filter(job.isFinal), ['succeeded', 'failed', 'cancelled']);
  });
});

describe('an event', () => {
  const check = compile(events.JobEvent);
  const envelope = { job: 'x', attempt: 1, seq: 0, time: 0 };

  it('is checked as the variant that its type names', () => {
    const points = [1, 'NaN'];
    assert.ok(check({ ...envelope, type: 'losses', iteration: 0, step: 0, perIteration: 2, points }));
    assert.ok(!check({ ...envelope, type: 'losses', iteration: 0, step: 0, perIteration: 2, points: ['x'] }));
    assert.ok(!check({ ...envelope, type: 'nothing' }));
    assert.ok(check({ ...envelope, type: 'validation', iteration: 1, best: true, loss: 'Infinity' }));
    assert.ok(check({ ...envelope, type: 'state', state: 'failed', reason: { code: 'child-lost', message: 'm' } }));
    assert.ok(check({ ...envelope, type: 'diverged', iteration: 0, where: 'loss', step: null, message: 'm' }));
  });
});
