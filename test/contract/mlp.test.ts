import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkFit, groupsOf } from '../../src/contract/groups.js';
import { mlp } from '../../src/contract/networks/mlp.js';
import { mlpInputs } from '../../src/contract/networks/mlp-features.js';
import { countNetworkWeights, networkContract } from '../../src/contract/networks/networks.js';
import { tensorsProblem } from '../support/tensors-problem.js';
import { mlpSpec } from '../weights/samples.js';

const problem = tensorsProblem([[3, 5], [5], []]);

describe('an MLP as optimizer', () => {
  it('has the sizes of the papers', () => {
    // arXiv 2602.19142 has 30 → 8 → 8 → 3, of whose outputs only the first is used: 347 less 2 (8 + 1).
    assert.equal(mlpInputs(mlpSpec()), 30);
    assert.equal(countNetworkWeights(mlpSpec(), 1), 347 - 2 * 9);
    // arXiv 2203.11860: 39 → 4 → 4 → 2, and seven decays.
    assert.equal(mlpInputs(mlpSpec('small-fc')), 39);
    assert.equal(countNetworkWeights(mlpSpec('small-fc'), 1), 197);
    assert.equal(mlp.describe(mlpSpec()), 'MLP, 30 → 8 → 8 → 1');
    assert.equal(mlp.describe(mlpSpec('small-fc')), 'MLP, 39 → 4 → 4 → 2, learned decays');
  });

  it('keeps moments per coordinate, and factored ones per row and column', () => {
    const [group] = groupsOf(mlpSpec(), problem);
    const spec = mlpSpec();
    assert.deepEqual(
      networkContract(spec)
        .state(spec, group!.parameters)
        .map(({ name, rows, items }) => [name, rows, items]),
      [
        ['t0/momentum', 3, 15],
        ['t0/second-moment', 1, 15],
        ['t0/row', 3, 3],
        ['t0/column', 3, 5],
        ['t1/momentum', 3, 5],
        ['t1/second-moment', 1, 5],
        ['t1/factored', 3, 5],
        ['t2/momentum', 3, 1],
        ['t2/second-moment', 1, 1],
        ['t2/factored', 3, 1],
      ],
    );
  });

  it('is refused where features cannot be computed, or see no gradient', () => {
    const pointers = (...spec: Parameters<typeof mlpSpec>) =>
      checkFit(mlpSpec(...spec), problem).map(({ pointer }) => pointer);
    assert.deepEqual(pointers(), []);
    assert.deepEqual(pointers('small-fc'), []);
    assert.deepEqual(pointers('celo2-base', { factored: [0.9] }), ['/factored']);
    assert.deepEqual(pointers('celo2-base', { features: ['gradient'], factored: [0.9] }), ['/vectorFeatures']);
    assert.deepEqual(pointers('celo2-base', { features: ['time', 'gradient'], vectorFeatures: 1 }), ['/features']);
    assert.deepEqual(pointers('celo2-base', { features: ['parameter', 'time'], vectorFeatures: null }), ['/features']);
    assert.deepEqual(pointers('celo2-base', { features: ['time', 'row'], vectorFeatures: null }), []);
  });
});
