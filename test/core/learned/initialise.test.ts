import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LstmSpec } from '../../../src/contract/networks/lstm.js';
import { parseJobSpec } from '../../../src/contract/validate.js';
import { initialise } from '../../../src/core/learned/initialise.js';
import { splitWeights } from '../../../src/weights/shapes.js';
import { lstmSpec } from '../../weights/samples.js';

type Initialisation = LstmSpec['initialisation'];

/** Large layers, so that their kernels are large samples. */
function tensorsOf(fields: Partial<Initialisation>, seed = 1) {
  const initialisation = { kernels: 'truncated-normal', output: 'kernels', forgetBias: 1, ...fields } as const;
  // Documents must not ask for zeros with layers, but stored specs of earlier versions may.
  const spec = { ...lstmSpec({ layers: [100, 60], inputProjection: 50 }), initialisation };
  const problem = { name: 'simple' } as const;
  const tensors = splitWeights(spec, problem, initialise(spec, problem, seed));
  return new Map(tensors.map((t) => [t.name, t]));
}

const deviation = (x: Float32Array) => Math.sqrt(x.reduce((sum, v) => sum + v * v, 0) / x.length);

describe('fresh weights', () => {
  // Standard deviation and range, for a kernel [fan-in, fan-out]. A normal variate cut at ± 2 has variance
  // 1 - 4 φ(2) / (2 Φ(2) - 1) = 0.7737.
  const kernels: [Initialisation['kernels'], (fanIn: number, fanOut: number) => { deviation: number; most: number }][] =
    [
      ['fan-in-uniform', (fanIn) => ({ deviation: Math.sqrt(1 / fanIn / 3), most: Math.sqrt(1 / fanIn) })],
      ['glorot-uniform', (a, b) => ({ deviation: Math.sqrt(2 / (a + b)), most: Math.sqrt(6 / (a + b)) })],
      ['truncated-normal', (fanIn) => ({ deviation: Math.sqrt(0.7737 / fanIn), most: 2 / Math.sqrt(fanIn) })],
    ];
  for (const [name, expected] of kernels) {
    it(`${name}: kernels have its standard deviation and range`, () => {
      const tensors = tensorsOf({ kernels: name });
      for (const kernel of ['lstm.0.kernel', 'lstm.1.kernel']) {
        const { shape, data } = tensors.get(kernel)!;
        const { deviation: wanted, most } = expected(shape[0]!, shape[1]!);
        assert.ok(Math.abs(deviation(data) / wanted - 1) < 0.02, `${kernel}: ${deviation(data)}, expected ${wanted}`);
        assert.ok(data.every((w) => Math.abs(w) <= most * (1 + 1e-6)));
        assert.ok(data.some((w) => Math.abs(w) > 0.97 * most));
        const mean = data.reduce((a, b) => a + b, 0) / data.length;
        assert.ok(Math.abs(mean) < (5 * wanted) / Math.sqrt(data.length));
      }
    });
  }

  it('biases are 0, except the forget gates’', () => {
    const tensors = tensorsOf({ forgetBias: 0.7 });
    for (const name of ['input.bias', 'output.bias']) assert.ok(tensors.get(name)!.data.every((b) => b === 0));
    // Gate order: input, forget, cell, output.
    const expected = [0, 0.7, 0, 0].flatMap((b) => new Array<number>(60).fill(Math.fround(b)));
    assert.deepEqual([...tensors.get('lstm.1.bias')!.data], expected);
  });

  it('zeros are zeros, and the output’s kernel may be the only one of 0', () => {
    const all = tensorsOf({ kernels: 'zeros', forgetBias: 0 });
    for (const { data } of all.values()) assert.ok(data.every((w) => w === 0));
    const output = tensorsOf({ output: 'zeros' });
    assert.ok(output.get('output.kernel')!.data.every((w) => w === 0));
    assert.ok(output.get('lstm.0.kernel')!.data.every((w) => w !== 0));
  });

  it('of groups follow each network’s own spec, and are drawn separately', () => {
    const network = (fields: Partial<Initialisation>) => ({ name: 'lstm', layers: [30], initialisation: fields });
    const job = parseJobSpec({
      kind: 'metatrain',
      problem: { name: 'simple-multi', dimension: 3 },
      optimizer: {
        name: 'groups',
        groups: [
          { name: 'b', parameters: ['x_2'], optimizer: network({ forgetBias: 0.5 }) },
          { name: 'rule', parameters: ['x_1'], optimizer: { name: 'sgd', learningRate: 1 } },
          { name: 'a', parameters: ['x_0'], optimizer: network({ output: 'zeros', forgetBias: -1 }) },
        ],
      },
    });
    assert.ok(job.kind === 'metatrain');
    const { optimizer, problem } = job;
    const tensors = splitWeights(optimizer, problem, initialise(optimizer, problem, 1));
    const data = (name: string) => tensors.find((tensor) => tensor.name === name)!.data;
    assert.deepEqual([...data('b/lstm.0.bias').slice(29, 31)], [0, 0.5]);
    assert.deepEqual([...data('a/lstm.0.bias').slice(29, 31)], [0, -1]);
    assert.ok(data('a/output.kernel').every((w) => w === 0) && data('b/output.kernel').every((w) => w !== 0));
    assert.notDeepEqual(data('a/lstm.0.kernel'), data('b/lstm.0.kernel'));
    // The first network's are the same as without the others.
    const single = lstmSpec({ layers: [30] });
    const first = splitWeights(single, { name: 'simple' }, initialise(single, { name: 'simple' }, 1));
    assert.deepEqual(data('b/lstm.0.kernel'), first[0]!.data);
  });

  it('are determined by the seed, and no two tensors are equal', () => {
    assert.deepEqual(tensorsOf({}), tensorsOf({}));
    const [one, two] = [tensorsOf({}, 1), tensorsOf({}, 2)].map((t) => t.get('lstm.0.kernel')!.data);
    assert.notDeepEqual(one, two);
    const { data } = tensorsOf({}).get('lstm.1.kernel')!;
    assert.notDeepEqual(one!.slice(0, 100), data.slice(0, 100));
  });
});
