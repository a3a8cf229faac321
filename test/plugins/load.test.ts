import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fingerprintsOf } from '../../src/contract/datasets.js';
import type { ProblemSpec } from '../../src/contract/problems.js';
import { parseJobSpec } from '../../src/contract/validate.js';
import { Unsupported } from '../../src/core/engines/engine.js';
import { createTfjsEngine } from '../../src/core/engines/tfjs/engine.js';
import type { initialise } from '../../src/core/learned/initialise.js';
import { sampleFunctions } from '../../src/core/problems/batch.js';
import { Purpose } from '../../src/core/random/random.js';
import { createRun } from '../../src/core/run.js';
import { loadPlugins } from '../../src/plugins/load.js';
import { createTemporaryFolder } from '../support/redis.js';

const example = fileURLToPath(new URL('../../../examples/plugin-styblinski-tang.mjs', import.meta.url));

/** A valid plugin except for `change`, as the text of a module. */
const moduleOf = (change: string) => `const plugin = {
  name: 'mine', title: 'Mine', description: 'f(x) = x²',
  fields: { size: { type: 'integer', minimum: 1, default: 2 } },
  parameters: ({ size }) => [{ name: 'x', shape: [size] }],
  sample(_spec, random, _data, start) { random.fillUniform(start); },
  evaluate: (tf, _data, x) => ({ losses: tf.sum(tf.square(x), 1), gradient: tf.mul(x, 2) }),
};
${change}
export default plugin;
`;

describe('plugins', () => {
  let folder: Awaited<ReturnType<typeof createTemporaryFolder>>;
  before(async () => {
    folder = await createTemporaryFolder();
  });
  after(() => folder.remove());
  let files = 0;
  const written = async (text: string) => {
    const path = join(folder.path, `plugin-${files++}.mjs`);
    await writeFile(path, text);
    return path;
  };

  const faults: [what: string, text: string | null, message: RegExp][] = [
    ['a file that is not there', null, /--plugin .*nothing\.mjs: there is no such file\./],
    ['a file that is no module', 'export default {', /it does not load as an ES module: /],
    ['no default export', 'export const it = 1;', /it is not a plugin: its default export is not an object/],
    ['no name', moduleOf('delete plugin.name;'), /name is undefined, expected lower-case letters/],
    ['a name that is taken', moduleOf("plugin.name = 'quadratic';"), /the name "quadratic" is taken/],
    ['no description', moduleOf("plugin.description = '';"), /description is "", expected a non-empty text/],
    ['no evaluate', moduleOf('delete plugin.evaluate;'), /evaluate is not a function/],
    ['a schema that is none', moduleOf("plugin.fields.size.type = 'whole';"), /fields: the schema is invalid: /],
    [
      'a field without a default',
      moduleOf('delete plugin.fields.size.default;'),
      /size is not a JSON Schema with a default/,
    ],
    ['a default that is not allowed', moduleOf('plugin.fields.size.default = 0;'), /the default of size must be >= 1/],
    [
      'shapes that are none',
      moduleOf("plugin.parameters = () => [{ name: 'x', shape: [0.5] }];"),
      /parameters: found .*0\.5/,
    ],
    [
      'a draw that is not finite',
      moduleOf('plugin.sample = (_s, _r, _d, start) => start.fill(NaN);'),
      /start of a function with the defaults is not finite/,
    ],
    ['a draw that throws', moduleOf("plugin.sample = () => { throw new Error('no dice'); };"), /no dice/],
  ];
  for (const [what, text, message] of faults)
    it(`refuses ${what}, and says why`, async () => {
      const path = text === null ? join(folder.path, 'nothing.mjs') : await written(text);
      await assert.rejects(loadPlugins([path]), message);
    });

  it('is a problem like any other: by itself and within others, its fields checked, its values and derivatives right', async () => {
    const wrong = moduleOf(
      "plugin.name = 'wrong'; plugin.evaluate = (tf, _d, x) => ({ losses: tf.sum(x), gradient: x });",
    );
    const first = moduleOf("plugin.name = 'first-only';");
    await loadPlugins([example, await written(first), await written(wrong)]);
    const document = (problem: object, secondDerivatives = 'exact') => ({
      kind: 'metatrain',
      engine: { name: 'tfjs', backend: 'wasm' },
      problem,
      optimizer: { name: 'lstm', layers: [2] },
      training: { iterations: 2, horizon: 2, unroll: 2, secondDerivatives, validation: { functions: 2 } },
      comparison: null,
    });
    const { problem } = parseJobSpec(document({ name: 'styblinski-tang', dimension: 3 }));
    assert.throws(
      () => parseJobSpec(document({ name: 'styblinski-tang', dimension: 0 })),
      /\/problem\/dimension: found 0, allowed: an integer at least 1/,
    );
    // The file's fingerprint in a checkpoint.
    const fingerprint = createHash('sha256')
      .update(await readFile(example))
      .digest('hex');
    assert.deepEqual(fingerprintsOf([problem], {}), { 'plugin styblinski-tang': fingerprint });
    const engine = await createTfjsEngine({ name: 'tfjs', backend: 'wasm' });
    const batch = sampleFunctions(problem, 1, Purpose.training, 0, 2);
    const functions = await engine.openFunctions(batch);
    const { losses, gradient } = await functions.evaluate(batch.start, 0);
    functions.dispose();
    const f = (z: number) => 0.5 * (z ** 4 - 16 * z ** 2 + 5 * z) + 39.16616570377142;
    const z = batch.start.map((x, i) => x - batch.data.o![i]!);
    for (const b of [0, 1]) {
      const sum = z.subarray(3 * b, 3 * b + 3).reduce((total, one) => total + f(one), 0);
      assert.ok(Math.abs(losses[b]! / sum - 1) < 1e-5);
    }
    for (const [i, one] of z.entries()) {
      const derivative = (f(one + 1e-4) - f(one - 1e-4)) / 2e-4;
      assert.ok(Math.abs(gradient[i]! - derivative) < 1e-3 * (1 + Math.abs(derivative)));
    }

    // With a linear map of the gradient, dL/dφ with exact derivatives is that of differences of L.
    const { optimizer } = parseJobSpec({ ...document(problem), optimizer: { name: 'lstm', layers: [] } }) as never as {
      optimizer: Parameters<typeof initialise>[0];
    };
    const unroll = async (phi: Float32Array) => {
      const episode = await engine.openEpisode(optimizer, batch);
      const found = await episode.unroll(phi, { steps: 3, weights: [0, 0, 0, 1], secondDerivatives: 'exact' });
      episode.dispose();
      return { loss: (found.losses[6]! + found.losses[7]!) / 2, gradient: found.gradient };
    };
    const phi = Float32Array.of(-0.01, 0.02);
    const { gradient: meta } = await unroll(phi);
    for (const i of [0, 1]) {
      const at = async (h: number) => (await unroll(phi.map((w, j) => (i === j ? w + h : w)))).loss;
      const derivative = ((await at(1e-3)) - (await at(-1e-3))) / 2e-3;
      assert.ok(Math.abs(meta[i]! / derivative - 1) < 0.02, `${meta[i]} against ${derivative}`);
    }

    assert.throws(
      () => parseJobSpec(document({ name: 'noisy', problem: { name: 'first-only' } })),
      /\/training\/secondDerivatives: found "exact", allowed: "dropped": the problem "first-only" has no Hessian product/,
    );
    const spec = parseJobSpec(document({ name: 'noisy', problem: { name: 'first-only' } }, 'dropped'));
    const run = await createRun({ spec });
    const types = [];
    for (let event = await run.next(); event; event = await run.next()) types.push(event.type);
    assert.deepEqual(types.at(-1), 'done');
    // The engine refuses it too.
    const bare = sampleFunctions({ name: 'first-only', size: 2 } as never as ProblemSpec, 1, Purpose.training, 0, 1);
    const episode = await engine.openEpisode(optimizer, bare);
    await assert.rejects(
      episode.unroll(phi, { steps: 2, weights: [1, 1, 1], secondDerivatives: 'exact' }),
      Unsupported,
    );
    episode.dispose();

    const strange = sampleFunctions({ name: 'wrong', size: 2 } as never as ProblemSpec, 1, Purpose.training, 0, 1);
    const opened = await engine.openFunctions(strange);
    await assert.rejects(
      opened.evaluate(strange.start, 0),
      /wrong: evaluate returned losses \[\] and a gradient \[1,2\]; expected \[1\] and \[1,2\]/,
    );

    // Another file with the same problem name, and one that is loaded too late.
    await assert.rejects(loadPlugins([example]), /it must be loaded before the first document is validated/);
  });
});
