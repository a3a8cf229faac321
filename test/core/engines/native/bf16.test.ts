import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ProblemSpec } from '../../../../src/contract/problems.js';
import { parseJobSpec } from '../../../../src/contract/validate.js';
import type { Engine } from '../../../../src/core/engines/engine.js';
import { loadAddon } from '../../../../src/core/engines/native/addon.js';
import { createNativeEngine } from '../../../../src/core/engines/native/engine.js';
import { openPopulation } from '../../../../src/core/engines/population.js';
import { selectEngine } from '../../../../src/core/engines/select.js';
import { initialise } from '../../../../src/core/learned/initialise.js';
import { createRun } from '../../../../src/core/run.js';
import { nativeMissing } from '../../../support/native.js';
import { mlpSpec } from '../../../weights/samples.js';
import { madeUpDigits } from '../../problems/made-up-digits.js';
import { draw, perceptrons } from '../cases.js';

const missing = nativeMissing();
const lacking = missing || (loadAddon().bf16 ? false : 'this processor has no AVX512_BF16');
if (lacking) console.log(`skipped: products in bfloat16: ${lacking}`);

const document = (fields: object) =>
  parseJobSpec({
    kind: 'metatrain',
    seed: 1,
    comparison: null,
    problem: { name: 'parabola' },
    optimizer: { name: 'lstm' },
    ...fields,
  });

describe('engine.precision', () => {
  it('is not in a document that does not name it', () => {
    assert.equal(document({}).engine.precision, undefined);
  });

  it('"bf16" is for the optimizer "mlp" on the native engine, whatever else the document says', async () => {
    const engine = { precision: 'bf16' } as const;
    const lstm = document({ engine });
    await assert.rejects(
      selectEngine(lstm.engine, lstm),
      /engine\.precision: "bf16" is for the optimizer "mlp", not for "lstm"; use "fp32"\./,
    );
    const training = { estimator: { name: 'es' } };
    const tfjs = document({ engine: { ...engine, name: 'tfjs' }, optimizer: { name: 'mlp' }, training });
    await assert.rejects(selectEngine(tfjs.engine, tfjs), /engine\.precision: "bf16" runs only on the native engine/);
  });

  it('"bf16" without the processor for it is refused with what to do', { skip: missing || !lacking }, async () => {
    await assert.rejects(
      selectEngine({ name: 'auto', backend: 'auto', precision: 'bf16' }),
      /needs a processor with AVX512_BF16; here the native engine has .*\. Use "fp32"\./,
    );
  });
});

describe('products in bfloat16', { skip: lacking }, () => {
  const datasets = madeUpDigits(1);
  const optimizer = mlpSpec();
  const inner = perceptrons.find(({ name }) => name === 'perceptron')!;
  /** In lanes, of odd sizes; and with gradients that come from elsewhere. */
  const problems: ProblemSpec[] = [
    { ...inner, hidden: [9], batch: 7 } as ProblemSpec,
    { name: 'quadratic', dimension: 7, distribution: 'normal' },
  ];

  async function losses(engine: Engine, problem: ProblemSpec): Promise<Float32Array> {
    const phi = initialise(optimizer, problem, 1);
    const slots = [0, 1, 2].map((first) => ({ batch: draw(problem, 1, first) }));
    const population = await openPopulation(engine, optimizer, slots);
    const found = await population.advance(
      Float32Array.from({ length: 6 * phi.length }, (_, i) => phi[i % phi.length]!),
      20,
    );
    population.dispose();
    return found;
  }

  it('change losses a little', async () => {
    for (const problem of problems) {
      const [plain, rounded] = [
        await losses(createNativeEngine(), problem),
        await losses(createNativeEngine(undefined, 'bf16'), problem),
      ];
      assert.notDeepEqual(rounded, plain, problem.name);
      for (const [i, loss] of plain.entries())
        assert.ok(Math.abs(rounded[i]! / loss - 1) < 0.02, `${problem.name} ${i}: ${rounded[i]} is not near ${loss}`);
    }
  });

  it('are in the record of a run, whose bits do not depend on when it is resumed', async () => {
    const spec = document({
      engine: { precision: 'bf16' },
      problem: { name: 'mnist', hidden: [3], batch: 7 },
      optimizer: { name: 'mlp' },
      training: {
        iterations: 6,
        functions: 3,
        unroll: 5,
        estimator: { name: 'pes', horizons: { minimum: 5, maximum: 20 } },
        validation: { every: 1000, functions: 1 },
      },
    });
    const train = async (stop: number | null) => {
      let run = await createRun({ spec, datasets });
      const events = [];
      for (let event = await run.next(); event; event = await run.next()) {
        events.push(event);
        if (event.type === 'losses' && event.iteration === stop) {
          const checkpoint = await run.checkpoint();
          run.dispose();
          run = await createRun({ spec, datasets, checkpoint });
        }
      }
      run.dispose();
      return events;
    };
    const whole = await train(null);
    const started = whole[0]!;
    assert.equal(started.type === 'started' && started.engine.precision, 'bf16');
    const lossesOf = (events: typeof whole) => events.filter(({ type }) => type === 'losses');
    assert.deepEqual(lossesOf(await train(2)), lossesOf(whole));
  });
});
