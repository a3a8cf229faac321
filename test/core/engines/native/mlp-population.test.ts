import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { ProblemSpec } from '../../../../src/contract/problems.js';
import { stepRates } from '../../../../src/contract/use.js';
import type { Engine, Population, Slot } from '../../../../src/core/engines/engine.js';
import { createNativeEngine } from '../../../../src/core/engines/native/engine.js';
import { EpisodePairs, openPopulation } from '../../../../src/core/engines/population.js';
import { createTfjsEngine } from '../../../../src/core/engines/tfjs/engine.js';
import { initialise } from '../../../../src/core/learned/initialise.js';
import { relativeError } from '../../../reference/meta-gradient.js';
import { nativeMissing } from '../../../support/native.js';
import { mlpSpec, normal } from '../../../weights/samples.js';
import { draw, perceptrons } from '../cases.js';

/** Fixed weights: rounding may take a value over a kink of the ReLU. */
const seed = 3;
/** Small ones: the reference engine takes a step of one particle at a time. */
const perceptron = (fields: object) => ({ ...inner, ...fields }) as ProblemSpec;
const inner = perceptrons.find(({ name }) => name === 'perceptron') as Extract<ProblemSpec, { name: 'perceptron' }>;
const problems: ProblemSpec[] = [
  perceptron({ hidden: [32], activation: 'relu', batch: 64 }),
  perceptron({ hidden: [3, 17], activation: 'relu', batch: 16, labels: 'permuted' }),
  perceptron({ hidden: [5], activation: 'tanh', loss: 'squared-error' }),
  perceptron({ hidden: [7], activation: 'gelu', batch: 5 }),
  perceptron({ hidden: [], activation: 'sigmoid', batch: 1, examples: 9 }),
  { name: 'mnist', hidden: [2], activation: 'sigmoid', batch: 4, examples: null },
  { name: 'rescaled', range: 1, problem: inner },
  { name: 'rescaled', range: 1, per: 'tensor', problem: inner },
  { name: 'quadratic', dimension: 4, distribution: 'normal' },
];

const rates = stepRates(
  { learningRate: 0.003, schedule: { name: 'cosine', warmup: 0.1, finalFraction: 0.1 }, weightDecay: 0.1 },
  30,
);

/** Two functions of each problem, not side by side, some with rates of their own. */
const slots = (): Slot[] =>
  [0, 1].flatMap((first) =>
    problems.map((problem, i): Slot => ({ batch: draw(problem, 1, first), rates: i % 2 ? rates : undefined })),
  );

const count = slots().length;

for (const [title, spec] of [
  ['celo2-base', mlpSpec()],
  ['small-fc', mlpSpec('small-fc')],
] as const)
  describe(`pairs in the lanes of vectors, ${title}`, { skip: nativeMissing() }, () => {
    let native: Engine;
    let tfjs: Engine;
    let phi: Float32Array;
    before(async () => {
      tfjs = await createTfjsEngine({ name: 'tfjs', backend: 'wasm' });
      native = createNativeEngine(tfjs);
      const [one, random] = [initialise(spec, inner, seed), normal(seed)];
      phi = Float32Array.from({ length: 2 * count * one.length }, (_, i) => one[i % one.length]! + 0.03 * random());
    });
    const particle = (p: number) => phi.slice((p * phi.length) / (2 * count), ((p + 1) * phi.length) / (2 * count));

    it('has the losses and states of episodes on the reference engine', async () => {
      const population = await openPopulation(native, spec, slots());
      const pairs = await EpisodePairs.open(tfjs, spec, slots());
      for (const steps of [6, 4]) {
        const [found, expected] = [await population.advance(phi, steps), await pairs.advance(phi, steps)];
        const of = (losses: Float32Array, slot: number) => losses.filter((_, i) => Math.floor(i / 2) % count === slot);
        for (const [i, { batch }] of slots().entries()) {
          const error = relativeError(of(found, i), of(expected, i));
          assert.ok(error < 2e-5, `losses of slot ${i}, ${JSON.stringify(batch.problem)}: ${error}`);
        }
      }
      const [found, expected] = [await population.state(), await pairs.state()];
      for (const [i, pair] of expected.entries())
        for (const [p, { theta, hidden, step }] of pair.entries()) {
          const own = found[i]![p]!;
          assert.equal(own.step, step);
          for (const [a, b, what] of [
            [own.theta, theta, 'θ'],
            [own.hidden, hidden, 'state'],
          ] as const)
            assert.ok(relativeError(a, b) < 1e-4, `${what} of slot ${i}, particle ${p}: ${relativeError(a, b)}`);
        }
      population.dispose();
      pairs.dispose();
    });

    it('a slot’s bits depend neither on the other slots nor on where the steps are divided, nor on being saved', async () => {
      const together = await openPopulation(native, spec, slots());
      const losses = await together.advance(phi, 7);
      for (const [i, slot] of slots().entries()) {
        const own = Float32Array.from([...particle(2 * i), ...particle(2 * i + 1)]);
        const first = await openPopulation(native, spec, [slot]);
        await first.advance(own, 3);
        const [states] = structuredClone(await first.state());
        first.dispose();
        const second = await openPopulation(native, spec, [{ ...slot, states }]);
        const rest = await second.advance(own, 4);
        const expected = losses.slice(3 * 2 * count).filter((_, at) => Math.floor(at / 2) % count === i);
        assert.deepEqual(rest, expected, `slot ${i}`);
        assert.deepEqual((await second.state())[0], (await together.state())[i], `slot ${i}`);
        second.dispose();
      }
      together.dispose();
    });

    it('slots are replaced, with functions of other shapes, and averaged', async () => {
      const run = async (population: Population) => {
        await population.advance(phi, 2);
        const all = slots();
        for (const i of [0, 5, 3, all.length - 1, 1]) await population.replace(i, all[(i + 2) % all.length]!);
        await population.advance(phi, 2);
        await population.average();
        const states = structuredClone(await population.state());
        for (const [a, b] of states) assert.deepEqual(a, b);
        const losses = await population.advance(phi, 1);
        population.dispose();
        return { states, losses };
      };
      const found = await run(await openPopulation(native, spec, slots()));
      const expected = await run(await EpisodePairs.open(tfjs, spec, slots()));
      assert.ok(relativeError(found.losses, expected.losses) < 2e-5);
      for (const [i, [state]] of expected.states.entries()) {
        assert.equal(found.states[i]![0].step, state.step, `slot ${i}`);
        const error = relativeError(found.states[i]![0].theta, state.theta);
        assert.ok(error < 1e-4, `slot ${i}: ${error}`);
      }
    });
  });
