import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LearnedSpec } from '../../src/contract/optimizers.js';
import { standings } from '../../src/dashboard/pages/registry/standing.js';
import { describeNetwork, describeProblem, describeTraining } from '../../src/dashboard/pages/registry/words.js';
import { addresses } from '../../src/dashboard/service/addresses.js';
import { sampleSpec } from '../api/support.js';
import { sampleResults } from '../figures/results-sample.js';

describe('an optimizer in the registry', () => {
  const learned = (fields: object): LearnedSpec =>
    sampleSpec({ optimizer: { name: 'lstm', ...fields } }).optimizer as LearnedSpec;

  it('is described by its network', () => {
    assert.equal(describeNetwork(learned({ layers: [20, 20] })), 'LSTM, 20 + 20 units');
    assert.equal(describeNetwork(learned({ layers: [] })), 'linear map');
    assert.equal(describeNetwork(learned({ layers: [8], over: 'all' })), 'LSTM, 8 units, over all coordinates');
  });

  it('says of its training what its file does', () => {
    assert.deepEqual(describeTraining({}), []);
    assert.deepEqual(
      describeTraining({ iterations: 30_000, bestIteration: null, seed: 0, training: { horizon: 100 } }),
      [
        ['Meta-iterations', '30,000'],
        ['Horizon', '100 steps'],
        ['Seed', '0'],
      ],
    );
    assert.equal(describeProblem({}), '–');
    assert.equal(describeProblem({ problem: { name: 'parabola', dimension: 10 } }), 'parabola: dimension 10');
  });

  it('stands beside the best hand-designed optimizer', () => {
    const rows = standings(
      sampleResults([
        [4, 2, 1],
        [4, 3, 2],
        [4, 3.5, 3],
      ]),
    );
    assert.deepEqual(
      rows.map(({ learned, best, wins }) => [learned, best?.label, best?.mean, wins]),
      [
        ['6.000', 'SGD 0.1', '7.000', '95.1 %'],
        ['1.000', 'SGD 0.1', '2.000', '75.3 %'],
        ['1.000', 'SGD 0.1', '2.000', '85.2 %'],
      ],
    );
  });

  it('stands alone where none does better than standing still', () => {
    const [row] = standings(
      sampleResults([
        [4, 2, 1],
        [4, 5, 6],
      ]),
    );
    assert.deepEqual([row!.best, row!.wins], [null, '–']);
  });
});

describe('addresses', () => {
  it('have only what is given, and stay readable', () => {
    assert.equal(addresses.jobs(), '/ui/');
    assert.equal(
      addresses.jobs({ state: 'running', title: 'a b&c', label: undefined }),
      '/ui/?state=running&title=a%20b%26c',
    );
    assert.equal(addresses.sideBySide(['j1', 'j2']), '/ui/side-by-side?jobs=j1,j2');
    assert.equal(addresses.newJob({ optimizer: 'seed@2' }), '/ui/new?optimizer=seed@2');
    assert.equal(addresses.optimizer('seed', 2), '/ui/optimizers/seed?version=2');
  });
});
