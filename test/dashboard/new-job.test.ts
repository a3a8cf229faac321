import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { catalogue } from '../../src/contract/catalogue.js';
import type { DryRun } from '../../src/contract/dry-run.js';
import { ApiError } from '../../src/contract/errors.js';
import type { Job } from '../../src/contract/job.js';
import { parseJobSpec } from '../../src/contract/validate.js';
import { jobField } from '../../src/dashboard/forms/job-field.js';
import type { Json } from '../../src/dashboard/forms/json.js';
import { Check } from '../../src/dashboard/pages/new-job/check.js';
import { Draft } from '../../src/dashboard/pages/new-job/draft.js';
import { Submission } from '../../src/dashboard/pages/new-job/submission.js';

const field = jobField(catalogue);
const seed = await readFile('examples/specs/seed.yaml', 'utf8');

describe('a draft', () => {
  it('has the form’s changes in its text, and the text’s in its document', () => {
    const draft = new Draft(field, { text: seed, format: 'yaml' });
    draft.change(['training', 'horizon'], 40);
    assert.match(draft.state.text, /horizon: 40 # steps/);
    draft.write(draft.state.text.replace('horizon: 40', 'horizon: 60'));
    assert.equal((draft.sent as { training: { horizon: number } }).training.horizon, 60);
  });

  it('sends only what differs from the defaults, whatever its text says', () => {
    const { sent } = new Draft(field, { text: seed, format: 'yaml' });
    assert.deepEqual(parseJobSpec(sent), parseJobSpec(new Draft(field, { text: seed, format: 'yaml' }).document.value));
    assert.deepEqual((sent as { training: object }).training, { clipNorm: 1, validation: { functions: 512 } });
  });

  it('keeps its last document while the text is none, and says why it is none', () => {
    const draft = new Draft(field, { text: 'kind: metatrain\n', format: 'yaml' });
    const before = draft.document.value;
    draft.write('kind: [');
    assert.deepEqual(draft.document.value, before);
    assert.ok(draft.fault);
    draft.show('json');
    assert.equal(draft.state.text, 'kind: [', 'a text that is no document stays');
  });

  it('is the same in both formats', () => {
    const draft = new Draft(field, { text: seed, format: 'yaml' });
    const { sent } = draft;
    draft.show('json');
    assert.deepEqual([JSON.parse(draft.state.text), draft.sent], [draft.document.value, sent]);
    draft.change(['seed'], 2);
    assert.equal(JSON.parse(draft.state.text).seed, 2);
  });
});

/** Questions to a service, which the test answers. */
function questions() {
  const asked: {
    document: Json;
    signal: AbortSignal;
    answer: (dryRun: DryRun) => void;
    refuse: (error: unknown) => void;
  }[] = [];
  let next = () => {};
  const ask = (document: Json, signal: AbortSignal) =>
    new Promise<DryRun>((answer, refuse) => {
      asked.push({ document, signal, answer, refuse });
      next();
    });
  const another = () =>
    new Promise<void>((resolve) => {
      next = resolve;
    });
  return { asked, ask, another };
}

describe('the check of a document', () => {
  const answer = (memoryBytes: number): DryRun => ({
    spec: parseJobSpec({ kind: 'metatrain', problem: { name: 'simple' }, optimizer: { name: 'lstm' } }),
    memoryBytes,
    seconds: null,
  });

  it('asks about the latest document, and uses no late answer', async () => {
    const { asked, ask, another } = questions();
    const check = new Check(ask);
    let came = another();
    check.follow({ seed: 1 });
    check.follow({ seed: 2 });
    await came;
    assert.deepEqual(
      asked.map(({ document }) => document),
      [{ seed: 2 }],
    );
    came = another();
    check.follow({ seed: 3 });
    assert.ok(asked[0]?.signal.aborted);
    asked[0]?.answer(answer(1));
    await came;
    asked[1]?.answer(answer(2));
    await new Promise(setImmediate);
    const { verdict, isStale } = check.checked.value;
    assert.deepEqual([verdict.state === 'valid' && verdict.dryRun.memoryBytes, isStale], [2, false]);
    check.follow({ seed: 3 });
    assert.equal(check.checked.value.isStale, false, 'the same document is not asked about again');
  });

  it('shows a refusal until the document changes', async () => {
    const { asked, ask, another } = questions();
    const check = new Check(ask);
    const came = another();
    check.follow({ seed: -1 });
    await came;
    const error = new ApiError('invalid-document', 'No.', []);
    asked[0]?.refuse(error);
    await new Promise(setImmediate);
    assert.deepEqual(check.checked.value, { verdict: { state: 'refused', error }, isStale: false });
    check.follow({ seed: 1 });
    assert.ok(check.checked.value.isStale);
    check.stop();
  });
});

describe('a submission', () => {
  it('sends the same document under the same key, and another under another', async () => {
    const keys: string[] = [];
    const submission = new Submission(async (_document, key) => {
      keys.push(key);
      if (keys.length === 1) throw new ApiError('unavailable', 'No service answers.');
      return { id: 'j1' } as Job;
    });
    await assert.rejects(submission.send({ seed: 1 }), ApiError);
    assert.equal(submission.isBusy.value, false);
    await submission.send({ seed: 1 });
    await submission.send({ seed: 2 });
    assert.equal(keys[0], keys[1]);
    assert.notEqual(keys[1], keys[2]);
    assert.match(keys[0]!, /^[0-9a-f]{32}$/);
  });
});
