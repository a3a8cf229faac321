import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Case, caseOf, type Measured } from '../../bench/case.js';
import { allowedCpus, runCase } from '../../bench/subject.js';
import { workloads } from '../../bench/workloads.js';

const ours = fileURLToPath(new URL('../../bench/ours.js', import.meta.url));
const effort = { digits: '', cache: '', warmUp: 1, atLeast: 3, seconds: 0 };
const first: Case = caseOf(workloads[0]!, 'tfjs', '', effort);
const limits = { memory: 2 ** 32, time: 120 };

const inNode = (program: string) => [process.execPath, '--eval', program];
const skip = existsSync('/proc/self/status') ? false : 'the benchmark needs Linux';

describe('a measured process', { skip }, () => {
  it('runs our meta-steps and reports times, memory and engine', async () => {
    const outcome = await runCase([process.execPath, ours], first, 1, limits);
    assert.ok(outcome.ok);
    const { times, peakMemory, engine } = outcome.value;
    assert.equal(times.length, 3);
    assert.ok(times.every((t) => t > 0));
    // Node with tfjs takes tens of megabytes.
    assert.ok(peakMemory > 2e7 && peakMemory < 2e9, `${peakMemory}`);
    assert.equal(engine?.engine, 'tfjs');
  });

  it('finds no more CPUs than it is given', async () => {
    const count = inNode(
      "console.log(JSON.stringify({ version: '', times: [require('node:os').availableParallelism()], peakMemory: 0 }))",
    );
    for (const threads of allowedCpus().length > 1 ? [1, 2] : [1]) {
      const outcome = await runCase(count, first, threads, limits);
      assert.deepEqual(outcome.ok && outcome.value.times, [threads]);
    }
  });

  it('is stopped with its children if they exceed their memory or time', async () => {
    const hungry =
      "require('node:child_process').spawn(process.execPath, ['--eval', 'globalThis.kept = Buffer.alloc(4e8, 1); setInterval(() => {}, 1e9)']); setInterval(() => {}, 1e9)";
    const outcome = await runCase(inNode(hungry), first, 1, { memory: 3e8, time: 120 });
    assert.deepEqual(outcome, { ok: false, reason: 'over 0.3 GiB' });
    const idle = await runCase(inNode('setInterval(() => {}, 1e9)'), first, 1, { ...limits, time: 0.5 });
    assert.deepEqual(idle, { ok: false, reason: 'over 0.5 s' });
  });

  it("counts its children's memory with its own", async () => {
    const parent = `
      const child = require('node:child_process').spawn(process.execPath,
        ['--eval', 'globalThis.kept = Buffer.alloc(4e8, 1); console.log(1); setInterval(() => {}, 1e9)']);
      child.stdout.once('data', () => setTimeout(() => {
        child.kill();
        console.log(JSON.stringify({ version: '', times: [1], peakMemory: 5e7 }));
      }, 500));`;
    const outcome = await runCase<Measured>(inNode(parent), first, 1, limits);
    assert.ok(outcome.ok && outcome.value.peakMemory > 4e8, JSON.stringify(outcome));
  });

  it('that fails ends the whole run, with its message', async () => {
    await assert.rejects(runCase(inNode("throw new Error('no such form')"), first, 1, limits), /no such form/);
  });
});
