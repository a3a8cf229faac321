import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import { problemsPage } from '../../src/cli/problems-page.js';
import { catalogue } from '../../src/contract/catalogue.js';
import type { Datasets, Examples } from '../../src/contract/datasets.js';
import type { RunEvent } from '../../src/contract/events.js';
import type { ProblemSpec } from '../../src/contract/problems.js';
import { parseJobSpec } from '../../src/contract/validate.js';
import { FusedEpisode } from '../../src/core/engines/native/fused-episode.js';
import { selectEngine } from '../../src/core/engines/select.js';
import { sampleFunctions } from '../../src/core/problems/batch.js';
import { problemOf } from '../../src/core/problems/registry.js';
import { Purpose } from '../../src/core/random/random.js';
import { createRun } from '../../src/core/run.js';
import { nativeMissing } from '../support/native.js';
import { uniform } from '../weights/samples.js';

const page = readFileSync(new URL('../../../docs/problems.md', import.meta.url), 'utf8');

/** Rows of the page's first table, by the problem's name. */
const rows = new Map(
  page.split('\n').flatMap((line): [string, { coordinates: string; native: string; exact: string }][] => {
    const [, name] = /^\| \[`([a-z-]+)`\]/.exec(line) ?? [];
    const [, , coordinates = '', native = '', exact = ''] = line.split(' | ');
    return name === undefined ? [] : [[name, { coordinates, native, exact }]];
  }),
);

const u = uniform(1);
const madeUp = (width: number, count = 40): Examples => ({
  inputs: Uint8Array.from({ length: count * width }, () => Math.floor(256 * u())),
  width,
  labels: Uint8Array.from({ length: count }, (_, i) => i % 8),
});
const dataset = (width: number) => ({ fingerprint: `${width}`, training: madeUp(width), heldOut: madeUp(width) });
const datasets: Datasets = {
  digits: dataset(784),
  'digits-8': dataset(64),
  cifar: dataset(3072),
  'shapes-32': dataset(3072),
};

/** A training of two meta-iterations that gives only the problem's name. */
const document = (name: string, engine: string, secondDerivatives: string) => ({
  kind: 'metatrain',
  problem: { name },
  engine: { name: engine, ...(engine === 'tfjs' && { backend: 'wasm' }) },
  optimizer: { name: 'lstm', layers: [2], outputScale: 0.01 },
  training: { iterations: 2, horizon: 4, unroll: 2, secondDerivatives, validation: { every: 2, functions: 1 } },
  comparison: null,
});

async function train(name: string, engine: string, secondDerivatives = 'dropped'): Promise<RunEvent[]> {
  const run = await createRun({ spec: parseJobSpec(document(name, engine, secondDerivatives)), datasets });
  const events: RunEvent[] = [];
  for (let event = await run.next(); event; event = await run.next()) events.push(event);
  run.dispose();
  assert.equal(events.at(-1)?.type, 'done');
  for (const event of events) if (event.type === 'losses') assert.ok(event.points.every(Number.isFinite));
  return events;
}

describe('docs/problems.md', () => {
  it('is up to date', () => {
    assert.equal(page, problemsPage(), 'out of date: run node dist/src/cli/problems-page.js');
  });

  it('has a row for each problem of the catalogue', () => {
    assert.deepEqual([...rows.keys()].sort(), catalogue.problems.map(({ name }) => name).sort());
  });

  for (const [name, { coordinates, exact }] of rows) {
    it(`is true of ${name} on tfjs: it trains with its name only, ${exact === 'yes' ? 'exact derivatives too' : 'but not on exact derivatives'}`, async () => {
      const [started] = await train(name, 'tfjs');
      assert.ok(started?.type === 'started');
      assert.deepEqual([started.engine.engine, String(started.coordinates)], ['tfjs', coordinates]);
      if (exact === 'yes') await train(name, 'tfjs', 'exact');
      else await assert.rejects(train(name, 'tfjs', 'exact'), /has no Hessian product/);
      assert.equal(problemOf({ name } as ProblemSpec).hessianProduct !== undefined, exact === 'yes');
    });
  }

  describe('of the native engine', { skip: nativeMissing() }, () => {
    before(() => assert.ok(rows.size > 10));
    for (const [name, { native }] of rows)
      it(`is true of ${name}: ${native}`, async () => {
        const [started] = await train(name, 'native');
        assert.ok(started?.type === 'started');
        assert.equal(started.engine.engine, 'native');
        assert.equal(started.engine.gradient?.startsWith('tfjs') ?? false, native === 'tfjs');
        const spec = parseJobSpec(document(name, 'native', 'dropped'));
        assert.ok(spec.kind === 'metatrain');
        const engine = await selectEngine(spec.engine, spec);
        const batch = sampleFunctions(spec.problem, 1, Purpose.training, 0, 1, datasets);
        const episode = await engine.openEpisode(spec.optimizer, batch);
        assert.equal(episode instanceof FusedEpisode, native === 'kernels');
        episode.dispose();
        await assert.rejects(
          createRun({ spec: { ...spec, training: { ...spec.training, secondDerivatives: 'exact' } }, datasets }),
          /"exact"/,
        );
      });
  });
});
