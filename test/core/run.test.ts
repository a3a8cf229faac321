import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RunEvent, RunEventOf } from '../../src/contract/events.js';
import type { JobSpec, MetatrainSpec } from '../../src/contract/spec.js';
import { parseJobSpec } from '../../src/contract/validate.js';
import { createRun } from '../../src/core/run.js';
import { decodeWeights } from '../../src/weights/weights.js';
import { nativeMissing } from '../support/native.js';

/** Small, with everything that a run has to remember: carried state, Adam, the best φ, a grid, losses. */
const small = parseJobSpec({
  kind: 'metatrain',
  problem: { name: 'quadratic', dimension: 3, distribution: 'uniform' },
  optimizer: {
    name: 'lstm',
    layers: [4, 3],
    inputProjection: 2,
    preprocess: { name: 'log-sign-paper' },
    outputScale: 0.1,
  },
  training: {
    iterations: 25,
    horizon: 15,
    unroll: 5,
    functions: 2,
    learningRate: 0.01,
    clipNorm: 1,
    validation: { every: 7, functions: 8 },
  },
  comparison: {
    functions: 5000,
    steps: 4,
    baselines: [{ name: 'sgd' }, { name: 'adam', learningRate: 0.1 }],
    tuning: { functions: 16, points: 5 },
    resamples: 1000,
  },
});

/** Interleaved parameters, a network with a carried state, one without, and a rule with one. */
const grouped = parseJobSpec({
  kind: 'metatrain',
  problem: { name: 'simple-multi', dimension: 4 },
  optimizer: {
    name: 'groups',
    groups: [
      { name: 'cw', parameters: ['x_0', 'x_2'], optimizer: { name: 'lstm', layers: [3], outputScale: 0.1 } },
      { name: 'adam', parameters: ['x_1'], optimizer: { name: 'adam', learningRate: 0.1 } },
      { name: 'rest', parameters: ['*'], optimizer: { name: 'lstm', layers: [], outputScale: 0.1 } },
    ],
  },
  training: {
    iterations: 20,
    horizon: 15,
    unroll: 5,
    functions: 2,
    learningRate: 0.01,
    validation: { every: 7, functions: 8 },
  },
  comparison: { functions: 64, steps: 8, baselines: [{ name: 'sgd', learningRate: 0.1 }], resamples: 100 },
}) as MetatrainSpec;

/** All options of meta-training: each adds to what a run has to remember or restore. */
const elaborate = parseJobSpec({
  ...small,
  training: {
    ...(small as MetatrainSpec).training,
    schedule: { name: 'cosine', warmup: 3 },
    curriculum: [
      { from: 8, horizon: 20, unroll: 10 },
      { from: 13, horizon: 40, unroll: 10 },
    ],
    objective: 'relative',
    randomScaling: 1,
    validation: { every: 7, functions: 8, horizon: 30 },
  },
  comparison: null,
});

/** Functions of different sizes, in batches that need not have one of each component, also of one function. */
const mixed = (fields: object) =>
  parseJobSpec({
    ...small,
    problem: {
      name: 'mixture',
      components: [
        { problem: { name: 'quadratic', dimension: 3 } },
        { problem: { name: 'parabola', dimension: 5 }, weight: 2 },
        { problem: { name: 'noisy', problem: { name: 'rosenbrock', dimension: 2 } } },
      ],
    },
    training: {
      ...(small as MetatrainSpec).training,
      curriculum: [{ from: 8, horizon: 20, unroll: 10 }],
      objective: 'relative',
      randomScaling: 0.5,
      validation: { every: 7, functions: 8 },
    },
    comparison: { functions: 12, steps: 8, baselines: [{ name: 'adam' }], tuning: { functions: 6, points: 5 } },
    ...fields,
  }) as MetatrainSpec;

const persistent = {
  ...mixed({}).training,
  functions: 3,
  estimator: { name: 'pes', horizons: { minimum: 5, maximum: 20 } },
  curriculum: [],
};

/** A warm-up by imitation of rules with a state, longer than the first stage, that ends within a horizon. */
const imitating = <S extends MetatrainSpec>(spec: S): S => ({
  ...spec,
  training: {
    ...spec.training,
    imitation: {
      rule: { name: 'adam', learningRate: 0.05, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
      iterations: 10,
    },
  },
});

interface Outcome {
  events: RunEvent[];
  losses: Buffer;
  weights: Uint8Array | null;
}

/** Drives a run to its end; before pull number n of `cuts`, it is stopped and resumed from its checkpoint. */
async function drive(spec: JobSpec, cuts: ReadonlySet<number> = new Set(), weights?: Uint8Array): Promise<Outcome> {
  // The shortest pulls, so that stops fall anywhere, and the same each time.
  const given = { pullTime: 0, ...(weights && { weights }) };
  let run = await createRun({ spec, ...given });
  const events: RunEvent[] = [];
  for (let pull = 0; ; pull++) {
    // The last event must come once, also if the stop falls between the results and it.
    if (cuts.has(pull) || (cuts.size > 0 && events.at(-1)?.type === 'comparison')) {
      const checkpoint = await run.checkpoint();
      run.dispose();
      run = await createRun({ spec, checkpoint, ...given });
    }
    const event = await run.next();
    if (event === null) break;
    events.push(event);
  }
  const losses = events.filter((e): e is RunEventOf<'losses'> => e.type === 'losses');
  const trained = run.weights();
  run.dispose();
  return { events, losses: Buffer.concat(losses.map((e) => Buffer.from(e.points.slice().buffer))), weights: trained };
}

describe('a run', () => {
  it('is the same twice, and with ten stops at random pulls: weights, losses and results, byte by byte', async () => {
    const steady = await drive(small);
    assert.deepEqual(await drive(small), steady);
    const seed = Date.now() % 1_000_000;
    const cuts = randomCuts(seed, 10, steady.events.length);
    console.log(`seed ${seed}: stopped before pulls ${[...cuts].join(', ')} of ${steady.events.length}`);
    const stopped = await drive(small, cuts);
    assert.deepEqual(stopped.weights, steady.weights);
    assert.deepEqual(stopped.losses, steady.losses);
    // The unfinished chunk of the comparison is repeated, so its progress may come twice; all else comes once, unchanged.
    const reported = ({ events }: Outcome) => events.filter((e) => e.type !== 'progress');
    assert.deepEqual(reported(stopped), reported(steady));
  });

  it('is the same stopped before every pull, with every option of meta-training', async () => {
    const steady = await drive(elaborate);
    assert.deepEqual(await drive(elaborate, new Set(steady.events.keys())), steady);
    const lengths = steady.events.flatMap((e) => (e.type === 'losses' ? [e.points.length] : []));
    assert.deepEqual(lengths, [...Array(8).fill(5), ...Array(17).fill(10)]);
    assert.notDeepEqual(steady.weights, (await drive(small)).weights);
  });

  for (const [what, spec] of [
    ['every option besides', elaborate as MetatrainSpec],
    ['groups', { ...grouped, comparison: null }],
    ['groups on tfjs', { ...grouped, engine: { name: 'tfjs', backend: 'auto' }, comparison: null }],
  ] as const)
    it(`is the same stopped before every pull of a warm-up by imitation, with ${what}`, async () => {
      const steady = await drive(imitating(spec));
      assert.deepEqual(await drive(imitating(spec), new Set(steady.events.keys())), steady);
      assert.notDeepEqual(steady.losses, (await drive(spec)).losses);
    });

  for (const [what, spec] of [
    ['native or tfjs', mixed({})],
    ['tfjs', mixed({ engine: { name: 'tfjs', backend: 'auto' } })],
    ['one function at a time', mixed({ training: { ...mixed({}).training, functions: 1 }, comparison: null })],
    ['persistent evolution strategies', mixed({ optimizer: { name: 'mlp' }, training: persistent, comparison: null })],
  ] as const)
    it(`is the same stopped before every pull, on a mixture of different sizes: ${what}`, async () => {
      const steady = await drive(spec);
      assert.equal(steady.events.at(-1)!.type, 'done');
      const { weights, losses } = await drive(spec, new Set(steady.events.keys()));
      assert.deepEqual({ weights, losses }, { weights: steady.weights, losses: steady.losses });
    });

  it('is the same stopped anywhere in a validation of several chunks, health included', async () => {
    const spec = parseJobSpec({
      ...small,
      // 100 coordinates: 81 functions are a chunk.
      problem: { name: 'parabola', dimension: 100 },
      training: {
        ...(small as MetatrainSpec).training,
        iterations: 4,
        validation: { every: 2, functions: 200 },
      },
      comparison: null,
    });
    const steady = await drive(spec);
    const chunks = steady.events.filter((e) => e.type === 'progress').map((e) => [e.phase, e.done, e.total]);
    const validation = [81, 162].map((done) => ['validation', done, 200]);
    assert.deepEqual(chunks, [...validation, ...validation, ...validation]);
    assert.deepEqual(await drive(spec, new Set(steady.events.keys())), steady);
  });

  it('reports its phases in order and ends with done', async () => {
    const { events } = await drive(small);
    const kinds = events.map((e) => (e.type === 'progress' ? e.phase : e.type)).filter((k, i, all) => k !== all[i - 1]);
    assert.equal(kinds[0], 'started');
    assert.deepEqual(kinds.slice(-5), ['tuning', 'comparison', 'statistics', 'comparison', 'done']);
    const validations = events.filter((e) => e.type === 'validation');
    assert.deepEqual(
      validations.map((e) => e.iteration),
      [0, 7, 14, 21, 25],
    );
    const points = events.filter((e) => e.type === 'losses').flatMap((e) => [...e.points]);
    assert.equal(points.length, 25 * 5);
    // Unrolls of one horizon continue each other: iteration 1 begins at step 5.
    assert.deepEqual(events.flatMap((e) => (e.type === 'losses' ? [e.step] : [])).slice(0, 4), [0, 5, 10, 0]);
  });

  it('compares given weights as the run that trained them did', async () => {
    const trained = await drive(small);
    if (small.kind !== 'metatrain') throw new Error('unreachable');
    const { optimizer: _, training: __, ...rest } = small;
    const compare = parseJobSpec({ ...rest, kind: 'compare', optimizer: { job: 'any' } });
    const compared = await drive(compare, new Set(), trained.weights!);
    const results = (o: Outcome) => o.events.find((e) => e.type === 'comparison');
    assert.deepEqual(results(compared), results(trained));
  });

  for (const name of ['native', 'tfjs'] as const) {
    it(`of groups on ${name}, stopped and resumed, is the same to the bit, and compares as itself`, async (t) => {
      if (name === 'native' && nativeMissing()) return t.skip(String(nativeMissing()));
      const spec = { ...grouped, engine: { name, backend: 'auto' } } as const;
      const steady = await drive(spec);
      const seed = Date.now() % 1_000_000;
      const cuts = randomCuts(seed, 8, steady.events.length);
      console.log(`seed ${seed}: stopped before pulls ${[...cuts].join(', ')} of ${steady.events.length}`);
      const stopped = await drive(spec, cuts);
      assert.deepEqual(stopped.weights, steady.weights);
      assert.deepEqual(stopped.losses, steady.losses);
      const results = (o: Outcome) => o.events.find((e) => e.type === 'comparison');
      assert.deepEqual(results(stopped), results(steady));
      const { optimizer: _, training: __, ...rest } = spec;
      const compare = parseJobSpec({ ...rest, kind: 'compare', optimizer: { job: 'any' } });
      assert.deepEqual(results(await drive(compare, new Set(), steady.weights!)), results(steady));
      const { tensors } = decodeWeights(steady.weights!);
      assert.deepEqual(new Set(tensors.map((tensor) => tensor.name.split('/')[0])), new Set(['cw', 'rest']));
      // It does not fit where its groups do not exist.
      const elsewhere = { ...compare, problem: { name: 'parabola', dimension: 4 } } as const;
      await assert.rejects(createRun({ spec: elsewhere, weights: steady.weights! }), {
        code: 'unsupported',
        message: /^problem: the optimizer does not fit it: its \/groups\/0\/parameters\/0 is "x_0"/,
      });
    });
  }

  it('of networks over several coordinates falls back to tfjs, and says why', async () => {
    const spec = parseJobSpec({
      kind: 'metatrain',
      problem: { name: 'quadratic', dimension: 3 },
      optimizer: { name: 'lstm', over: 'all', layers: [4], outputScale: 0.1 },
      training: { iterations: 30, learningRate: 0.01, functions: 8, validation: { every: 30, functions: 64 } },
      comparison: null,
    });
    const { events } = await drive(spec);
    const [started] = events;
    assert.ok(started?.type === 'started');
    assert.deepEqual([started.engine.engine, started.weights], ['tfjs', (3 + 4 + 1) * 16 + 5 * 3]);
    assert.match(
      started.engine.fallback!,
      nativeMissing() ? /native engine/ : /over: "all" runs only on the tfjs engine/,
    );
    const [first, last] = events.filter((e) => e.type === 'validation');
    assert.ok(last!.loss < first!.loss, `${first!.loss} became ${last!.loss}`);
  });

  it('stops with an event if it diverges, and keeps the best earlier weights', async () => {
    const spec = parseJobSpec({
      kind: 'metatrain',
      problem: { name: 'parabola' },
      // A linear map of the gradient with weights of about ±10: θ grows twentyfold per step.
      optimizer: { name: 'lstm', layers: [], initialisation: { kernels: 'zeros' } },
      training: { iterations: 50, learningRate: 10 },
    });
    const { events, weights } = await drive(spec);
    const last = events.at(-1);
    assert.equal(last?.type, 'diverged');
    assert.equal(last.iteration, 1);
    assert.equal(last.where, 'loss');
    assert.match(last.message, /best earlier weights, of meta-iteration 0, are kept/);
    const { tensors, provenance } = decodeWeights(weights!);
    assert.equal(provenance.bestIteration, 0);
    assert.ok(tensors.every(({ data }) => data.every((w) => w === 0)));
  });

  it('ends as diverged if no validation was finite: there are no weights to compare', async () => {
    const spec = parseJobSpec({
      kind: 'metatrain',
      problem: { name: 'parabola' },
      // Updates a thousand times too large: 5 steps stay finite, the 100 of a validation do not.
      optimizer: { name: 'lstm', layers: [], outputScale: 1000 },
      training: { iterations: 1, horizon: 100, unroll: 5, learningRate: 1e-6, clipNorm: 1 },
    });
    const { events, weights } = await drive(spec);
    const last = events.at(-1);
    assert.equal(last?.type, 'diverged');
    assert.equal(last.where, 'validation');
    assert.match(
      last.message,
      /the loss of every validation is not finite; no earlier weights had a finite validation loss/,
    );
    assert.equal(weights, null);
  });

  it('lowers DeepMind’s simple-multi, with one variable under Adam, as far as Adam does, in as many steps', async () => {
    const linear = { name: 'lstm', layers: [], initialisation: { kernels: 'zeros' } };
    const spec = parseJobSpec({
      kind: 'metatrain',
      problem: { name: 'simple-multi' },
      optimizer: {
        name: 'groups',
        groups: [
          { name: 'cw', parameters: ['x_0'], optimizer: linear },
          { name: 'adam', parameters: ['x_1'], optimizer: { name: 'adam', learningRate: 0.1 } },
        ],
      },
      training: {
        iterations: 500 * 5,
        horizon: 100,
        unroll: 20,
        learningRate: 0.01,
        metaLoss: 'sum-and-final',
        validation: { every: 500, functions: 1, measure: 'final' },
      },
      comparison: null,
    });
    const { events, weights } = await drive(spec);
    const final = events.findLast((e) => e.type === 'validation');
    // Adam at 0.1 from x_1 = 1, by its own recurrence in doubles.
    let [x, m, v] = [1, 0, 0];
    for (let t = 1; t <= 100; t++) {
      m = 0.9 * m + 0.1 * 2 * x;
      v = 0.999 * v + 0.001 * 4 * x * x;
      x -= (0.1 * (m / (1 - 0.9 ** t))) / (Math.sqrt(v / (1 - 0.999 ** t)) + 1e-8);
    }
    assert.ok(Math.abs(final!.loss - x * x) < 1e-5, `final cost ${final!.loss}, of which Adam's is ${x * x}`);
    const names = decodeWeights(weights!).tensors.map(({ name }) => name);
    assert.deepEqual(names, ['cw/output.kernel', 'cw/output.bias']);
  });

  it('refuses a checkpoint of another job', async () => {
    const run = await createRun({ spec: small });
    await run.next();
    const checkpoint = await run.checkpoint();
    await assert.rejects(createRun({ spec: { ...small, seed: 2 }, checkpoint }), /belongs to a different job/);
    run.dispose();
  });

  it('lowers DeepMind’s simple problem below 1e-5 within 500 epochs of 5 unrolls', async () => {
    const spec = parseJobSpec({
      kind: 'metatrain',
      problem: { name: 'simple' },
      optimizer: { name: 'lstm', layers: [], initialisation: { kernels: 'zeros' } },
      training: {
        iterations: 500 * 5,
        horizon: 100,
        unroll: 20,
        learningRate: 0.01,
        metaLoss: 'sum-and-final',
        validation: { every: 500, functions: 1, measure: 'final' },
      },
      comparison: null,
    });
    const { events } = await drive(spec);
    const final = events.findLast((e) => e.type === 'validation');
    assert.ok(final && final.loss < 1e-5, `final cost ${final?.loss}`);
  });
});

function randomCuts(seed: number, count: number, below: number): Set<number> {
  let state = seed;
  const cuts = new Set<number>();
  while (cuts.size < count) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    cuts.add(Math.floor((state / 2 ** 32) * below));
  }
  return cuts;
}
