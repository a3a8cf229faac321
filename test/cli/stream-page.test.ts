import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { examples, streamPage } from '../../src/cli/stream-page.js';
import { eventTypes, JobEvent } from '../../src/contract/events.js';
import { LossBuckets } from '../../src/contract/loss-buckets.js';
import { compile } from '../../src/contract/validate.js';

const page = readFileSync(new URL('../../../docs/stream.md', import.meta.url), 'utf8');

describe('docs/stream.md', () => {
  it('is up to date', () => {
    assert.equal(page, streamPage(), 'out of date: run node dist/src/cli/stream-page.js');
  });

  it('has a section for every type of event', () => {
    const sections = [...page.matchAll(/^### (.*)$/gm)].map(([, type]) => type);
    assert.deepEqual(sections, [...eventTypes]);
  });

  it('has examples of the schema, of which one sums up the other', () => {
    const [losses, sum] = examples;
    for (const example of examples) assert.ok(compile(JobEvent)(example));
    assert.ok(losses?.type === 'losses' && sum?.type === 'loss-buckets');
    const buckets = new LossBuckets(sum.iterationsPerBucket);
    buckets.add(losses.iteration, losses.perIteration, losses.points);
    assert.deepEqual({ ...sum, ...buckets.toArrays() }, sum);
    assert.deepEqual([sum.seq, sum.time, sum.to], [losses.seq, losses.time, 2]);
  });
});
