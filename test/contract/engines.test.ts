import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { engineContract, engineContracts, presumedEngine } from '../../src/contract/engines.js';
import { groupsOf } from '../../src/contract/groups.js';
import type { LstmSpec } from '../../src/contract/networks/lstm.js';
import type { LearnedSpec } from '../../src/contract/optimizers.js';
import { parseJobSpec } from '../../src/contract/validate.js';
import { engineKinds } from '../../src/core/engines/kinds.js';
import { selectEngine } from '../../src/core/engines/select.js';
import { nativeMissing } from '../support/native.js';

function job(fields: { engine?: object; problem?: object; optimizer?: object; training?: object }) {
  const spec = parseJobSpec({
    kind: 'metatrain',
    problem: { name: 'parabola', dimension: 4 },
    optimizer: { name: 'lstm' },
    comparison: null,
    ...fields,
  });
  assert.ok(spec.kind === 'metatrain');
  return spec;
}

describe('the engine that a job presumably runs on', () => {
  const exact = { secondDerivatives: 'exact' };
  for (const [what, fields, expected] of [
    ['by default', {}, 'native'],
    ['with a named backend', { engine: { backend: 'wasm' } }, 'tfjs'],
    ['native by name, with a backend for its gradients', { engine: { name: 'native', backend: 'wasm' } }, 'native'],
    ['tfjs by name', { engine: { name: 'tfjs' } }, 'tfjs'],
    ['with exact second derivatives', { training: exact }, 'tfjs'],
    ['with a network over all coordinates', { optimizer: { name: 'lstm', over: 'all' } }, 'tfjs'],
  ] as const)
    it(`${what}: ${expected}, which is also selected`, { skip: expected === 'native' && nativeMissing() }, async () => {
      const spec = job(fields);
      assert.equal(presumedEngine(spec, spec.optimizer).name, expected);
      assert.equal((await selectEngine(spec.engine, spec)).info.engine, expected);
    });

  it('is the reference if none accepts the job', () => {
    const spec = job({ engine: { name: 'native' }, training: exact });
    assert.equal(presumedEngine(spec, spec.optimizer).name, 'tfjs');
  });
});

describe('engines', () => {
  it('are listed in the same order by the contract and by the core', () => {
    const names = engineContracts.map(({ name }) => name);
    assert.deepEqual(
      engineKinds.map(({ name }) => name),
      names,
    );
    assert.throws(() => engineContract('abacus'), /no engine "abacus"/);
  });

  it('keep as many floats as their formulas say', () => {
    const problem = { name: 'simple-multi', dimension: 7 } as const;
    const spec = (optimizer: object) => job({ problem, optimizer }).optimizer;
    const lstm: LearnedSpec = spec({ name: 'lstm', layers: [20, 10], inputProjection: 3 } satisfies Partial<LstmSpec>);
    const groups = spec({
      name: 'groups',
      groups: [
        {
          name: 'a',
          parameters: ['x_1', 'x_2', 'x_3'],
          optimizer: { name: 'lstm', layers: [5], inputProjection: null },
        },
        { name: 'b', parameters: ['*'], optimizer: { name: 'sgd', learningRate: 0.1 } },
      ],
    });
    const kept = (name: string, optimizer: LearnedSpec, steps: number) =>
      engineContract(name).keptFloats(groupsOf(optimizer, problem), steps);
    // Per coordinate: 45 gradients, and the states of 30 units before the steps 0, 20 and 40, and two more.
    assert.equal(kept('native', lstm, 45), 7 * (45 + 60 * 5 + 4));
    assert.equal(kept('native', groups, 1), 3 * (1 + 10 * 3 + 4) + 4 * (1 + 4));
    assert.equal(kept('tfjs', lstm, 45), 7 * 45 * (9 * 30 + 3 + 4));
    assert.equal(kept('tfjs', groups, 2), 2 * (3 * (9 * 5 + 4) + 4 * 4));
  });
});
