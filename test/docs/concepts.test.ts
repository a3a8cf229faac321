import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { mlpPresets } from '../../src/contract/networks/mlp.js';
import { countNetworkWeights, networkContract } from '../../src/contract/networks/networks.js';
import type { ProblemSpec } from '../../src/contract/problems.js';
import { selectEngine } from '../../src/core/engines/select.js';
import { optimise } from '../../src/core/optimise/method.js';
import { ruleMethod } from '../../src/core/optimise/rule-method.js';
import { sampleFunctions } from '../../src/core/problems/batch.js';
import { Purpose } from '../../src/core/random/random.js';
import { lstmSpec, mlpSpec } from '../weights/samples.js';

const text = readFileSync(fileURLToPath(new URL('../../../docs/concepts.md', import.meta.url)), 'utf8');

/** The rows of the table under that title, without its head. */
function tableOf(title: string): number[][] {
  const section = text.split(`\n## ${title}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('| '));
  return rows.slice(1).map((row) => row.split('|').slice(1, -1).map(Number));
}

/** Fails unless the page says the number that way. */
function says(pattern: RegExp, ...values: number[]): void {
  const found = pattern.exec(text.replaceAll(/\s+/g, ' '));
  assert(found, `the page does not say ${pattern}`);
  for (const [i, value] of values.entries()) {
    const said: string = found[i + 1]!;
    const decimals: number = said.split('.')[1]?.length ?? 0;
    assert.equal(Number(said), Number(value.toFixed(decimals)), String(pattern));
  }
}

const problem: ProblemSpec = { name: 'simple' };
const functions = () => sampleFunctions(problem, 1, Purpose.training, 0, 1, {});
/** Without layers, the network is a linear map: its weight, then its bias. */
const linear = lstmSpec({ layers: [], preprocess: { name: 'none' }, outputScale: 1 });

describe('the worked example of docs/concepts.md', async () => {
  const engine = await selectEngine({ name: 'tfjs', backend: 'cpu' });
  const unroll = async (weight: number, secondDerivatives: 'dropped' | 'exact' = 'dropped') => {
    const episode = await engine.openEpisode(linear, functions());
    const options = { steps: 2, weights: [1, 1, 1], secondDerivatives };
    const { losses, gradient } = await episode.unroll(Float32Array.of(weight, 0), options);
    const { theta } = await episode.state();
    const end = theta[0]!;
    episode.dispose();
    return { losses: [...losses], meta: losses.reduce((a, b) => a + b, 0), slope: gradient[0]!, end };
  };

  it('has the losses, the meta-loss and both meta-gradients of the engine', async () => {
    const [dropped, exact] = [await unroll(-0.1), await unroll(-0.1, 'exact')];
    const rows = tableOf('A worked example');
    const round = (values: number[]) => values.map((value) => Number(value.toFixed(4)));
    assert.deepEqual(
      rows.map(([, , loss]) => loss),
      round(dropped.losses),
    );
    for (const [t, theta, loss, slope] of rows) {
      assert.equal(Number((theta! ** 2).toFixed(6)), loss, `t = ${t}`);
      assert.equal(slope, 2 * theta!);
    }
    assert.equal(rows[2]![1], Number(dropped.end.toFixed(4)));
    says(/is 1 \+ 0\.64 \+ 0\.4096 = ([\d.]+)\./, dropped.meta);
    says(/dL\/dφ = 1\.6 · 2 \+ 1\.28 · 3\.6 = ([\d.]+\d)/, dropped.slope);
    says(/and dL\/dφ is ([\d.]+\d)\./, exact.slope);
    const next = -0.1 - 0.01 * dropped.slope;
    says(/gives φ = (-[\d.]+\d)\./, next);
    const after = await unroll(next);
    says(
      /the losses 1, ([\d.]+) and ([\d.]+), and a meta-loss of ([\d.]+) instead of ([\d.]+\d)\./,
      ...[after.losses[1]!, after.losses[2]!, after.meta, dropped.meta],
    );
  });

  it('has the sums of gradient descent at several rates', async () => {
    const rows = tableOf('Why compare with tuned rates');
    assert(rows.length >= 3);
    for (const [rate, sum] of rows) {
      const losses = await optimise(engine, functions(), ruleMethod({ name: 'sgd', learningRate: rate! }), 20);
      const found = losses.subarray(0, 20).reduce((a, b) => a + b, 0);
      assert.equal(sum, Number(found.toPrecision(4)), `rate ${rate}`);
    }
  });
});

test('the networks of docs/concepts.md have the sizes that it says', () => {
  for (const name of Object.keys(mlpPresets) as (keyof typeof mlpPresets)[]) {
    const spec = mlpSpec(name);
    const row = text.split('\n').find((line) => line.startsWith(`| \`${name}\` |`));
    const [, , sizes, weights] = row!.split('|').map((cell) => cell.trim());
    assert.equal(weights, `${countNetworkWeights(spec, 1)}`);
    assert.match(networkContract(spec).describe(spec), new RegExp(`^MLP, ${sizes}(,|$)`));
  }
});
