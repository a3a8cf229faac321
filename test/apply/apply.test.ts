import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { FormatError, type LearnedOptimizer, load, type State } from '../../src/apply/apply.js';
import type { LstmSpec, PreprocessSpec } from '../../src/contract/networks/lstm.js';
import type { MlpSpec } from '../../src/contract/networks/mlp.js';
import type { LearnedSpec } from '../../src/contract/optimizers.js';
import { type ProblemSpec, parametersOf } from '../../src/contract/problems.js';
import { decodeSafetensors, encodeSafetensors } from '../../src/weights/safetensors.js';
import { flattenWeights } from '../../src/weights/shapes.js';
import { sizeOf } from '../../src/weights/tensors.js';
import { encodeWeights } from '../../src/weights/weights.js';
import { optimizerOf } from '../core/engines/reference.js';
import { relativeError } from '../reference/meta-gradient.js';
import { freshMlpState, type MlpState, mlpStep } from '../reference/mlp.js';
import { openLoopUpdates } from '../reference/unroll.js';
import { tensorsProblem } from '../support/tensors-problem.js';
import { lstmSpec, mlpSpec, sampleOptimizer, testSeed, uniform } from '../weights/samples.js';

const seed = testSeed();
const steps = 100;
const shipped = fileURLToPath(new URL('../../../examples/optimizers/', import.meta.url));

/** Tensors of rank 0 to 4, two of them kernels of one size. */
const problem = tensorsProblem([[], [5], [3, 4], [2, 3, 4], [3, 3, 1, 2], [3, 3, 2, 1]]);
const parameters = parametersOf(problem);

/** Gradients of either sign and of sizes from 1e-8 to 10, and some that are 0. */
function recordedGradients(of: ProblemSpec, draw = uniform(seed)): Float32Array[][] {
  const gradient = () => (draw() < 0.05 ? 0 : 10 ** (9 * draw() - 8) * (draw() < 0.5 ? -1 : 1));
  return Array.from({ length: steps }, () =>
    parametersOf(of).map(({ shape }) => Float32Array.from({ length: sizeOf(shape) }, gradient)),
  );
}

function opened(spec: LearnedSpec, on = problem, scale = 0.3) {
  const trained = sampleOptimizer(spec, seed, scale, on);
  const optimizer = load(encodeWeights(trained));
  return { optimizer, phi: [...flattenWeights(trained.tensors)], state: optimizer.init(parametersOf(on)) };
}

function flat(parts: readonly Float32Array[]): number[] {
  return parts.flatMap((part) => [...part]);
}

/** As kept in fp32. */
function rounded(state: MlpState): MlpState {
  const each = (rows: readonly (readonly number[])[]) => rows.map((row) => row.map(Math.fround));
  const { momenta, second, rows, columns } = state;
  return { momenta: each(momenta), second: second.map(Math.fround), rows: each(rows), columns: each(columns) };
}

/** All steps' updates, with θ moved by each. */
function run(optimizer: LearnedOptimizer, state: State, gradients: Float32Array[][], values = zeros(state)) {
  return gradients.map((now) => {
    const updates = optimizer.step(now, state, { values, learningRate: 1 });
    for (const [p, update] of updates.entries()) for (let i = 0; i < update.length; i++) values[p]![i]! += update[i]!;
    return updates;
  });
}

function zeros({ parameters }: State): Float32Array[] {
  return parameters.map(({ shape }) => new Float32Array(sizeOf(shape)));
}

describe(`a trained optimizer in plain TypeScript (seed ${seed})`, () => {
  const preprocessings: PreprocessSpec[] = [
    { name: 'none' },
    { name: 'log-sign-paper', p: 10 },
    { name: 'log-sign-deepmind', k: 5 },
  ];
  const lstms: LstmSpec[] = preprocessings.flatMap((preprocess) => [
    lstmSpec({ preprocess, layers: [20, 20], outputScale: 0.1 }),
    lstmSpec({ preprocess, layers: [4, 3, 1], inputProjection: 5 }),
    lstmSpec({ preprocess, layers: [] }),
    lstmSpec({ preprocess, layers: [3], over: 'all' }),
  ]);
  const rule = { name: 'adam', learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;
  const grouped: LearnedSpec = {
    name: 'groups',
    groups: [
      { name: 'kernels', parameters: ['t4', 't5'], optimizer: { ...lstmSpec({ layers: [4] }), over: 'kernel' } },
      { name: 'rule', parameters: ['t1'], optimizer: rule },
      { name: 'rest', parameters: ['*'], optimizer: lstmSpec({ layers: [3] }) },
    ],
  };
  for (const spec of [...lstms, grouped])
    it(`takes the steps of fp64: ${spec.name === 'lstm' ? JSON.stringify([spec.preprocess.name, spec.layers, spec.inputProjection, spec.over]) : 'groups'}`, () => {
      const { optimizer, phi, state } = opened(spec);
      const gradients = recordedGradients(problem);
      const found = run(optimizer, state, gradients);
      const expected = openLoopUpdates(optimizerOf(spec, problem), phi, gradients.map(flat));
      for (let t = 0; t < steps; t++) {
        const error = relativeError(flat(found[t]!), expected[t]!);
        assert.ok(error < 1e-5, `step ${t}: off by ${error}`);
      }
    });

  const mlps: [string, MlpSpec][] = [
    ['celo2-base', mlpSpec('celo2-base')],
    ['small-fc', mlpSpec('small-fc')],
    ['small-fc without layers', mlpSpec('small-fc', { hidden: [], vectorFeatures: 9 })],
    ['learned decays, a magnitude', mlpSpec('celo2-base', { learnDecays: true, output: 'direction-and-magnitude' })],
    [
      'not normalised',
      mlpSpec('celo2-base', { normaliseFeatures: 'none', normaliseUpdate: 'none', maximumGradient: 0.5 }),
    ],
  ];
  for (const [title, spec] of mlps)
    it(`takes the steps of fp64: an MLP, ${title}`, () => {
      const { optimizer, phi, state } = opened(spec);
      const gradients = recordedGradients(problem);
      const values = zeros(state);
      const states = parameters.map(({ shape }) => freshMlpState(spec, shape));
      // Of each parameter over all steps: one update may be the small difference of large terms.
      const [found, expected] = [parameters.map((): number[] => []), parameters.map((): number[] => [])];
      for (const [t, now] of gradients.entries()) {
        const before = values.map((value) => [...value]);
        const [updates] = run(optimizer, state, [now], values);
        for (const [p, { shape }] of parameters.entries()) {
          const { s, state: next } = mlpStep(spec, phi, shape, [...now[p]!], before[p]!, t, states[p]!);
          states[p] = rounded(next);
          found[p]!.push(...updates![p]!);
          expected[p]!.push(...s.map((value) => -value));
        }
      }
      for (const [p, { shape }] of parameters.entries()) {
        const error = relativeError(found[p]!, expected[p]!);
        assert.ok(error < 1e-5, `${JSON.stringify(shape)}: off by ${error}`);
      }
    });

  it('goes on from a clone of its state, bit for bit', () => {
    for (const spec of [mlpSpec(), grouped]) {
      const { optimizer, state } = opened(spec);
      const gradients = recordedGradients(problem);
      const values = zeros(state);
      run(optimizer, state, gradients.slice(0, 50), values);
      const [saved, at] = [structuredClone(state), structuredClone(values)];
      const [on, resumed] = [
        run(optimizer, state, gradients.slice(50), values),
        run(optimizer, saved, gradients.slice(50), at),
      ];
      assert.deepEqual(resumed, on);
    }
  });

  it('multiplies updates by the learning rate, and lets θ decay beside them', () => {
    const { optimizer, state } = opened(mlpSpec());
    const [now] = recordedGradients(problem);
    const values = parameters.map(({ shape }) => new Float32Array(sizeOf(shape)).fill(2));
    const clone = () => structuredClone(state);
    const plain = optimizer.step(now!, clone(), { values, learningRate: 1 });
    const usual = optimizer.step(now!, clone(), { values });
    const decayed = optimizer.step(now!, clone(), { values, learningRate: 0.5, weightDecay: 0.1 });
    for (const [p, update] of plain.entries())
      for (const [i, u] of update.entries()) {
        assert.equal(usual[p]![i], Math.fround(0.001 * u));
        assert.ok(Math.abs(decayed[p]![i]! - 0.5 * (u - 0.2)) < 1e-6 * (1 + Math.abs(u)));
      }
  });

  it('writes into arrays that are given', () => {
    const { optimizer, state } = opened(lstmSpec({ layers: [2] }));
    const updates = zeros(state);
    const returned = optimizer.step(recordedGradients(problem)[0]!, state, { updates });
    for (const [p, update] of returned.entries()) assert.equal(update, updates[p]);
    assert.ok(updates.every((update) => update.some((u) => u !== 0)));
  });

  it('passes over parameters without a gradient', () => {
    for (const spec of [mlpSpec(), grouped]) {
      const { optimizer, state } = opened(spec);
      const gradients = recordedGradients(problem);
      const alone = [structuredClone(state), zeros(state)] as const;
      const values = zeros(state);
      for (const now of gradients.slice(0, 10)) {
        const all = optimizer.step(now, alone[0], { values: alone[1], learningRate: 1 });
        for (const left of now.keys()) {
          const before = structuredClone(state);
          const updates = optimizer.step(
            now.map((gradient, p) => (p === left ? null : gradient)),
            before,
            { values, learningRate: 1 },
          );
          assert.ok(updates[left]!.every((u) => u === 0));
          for (const [p, update] of updates.entries()) if (p !== left) assert.deepEqual(update, all[p]);
          // The one that was left out has its state still: it goes on as the others did.
          before.steps--;
          const late = optimizer.step(
            now.map((gradient, p) => (p === left ? gradient : null)),
            before,
            { values, learningRate: 1 },
          );
          assert.deepEqual(late[left], all[left]);
        }
        optimizer.step(now, state, { values, learningRate: 1 });
      }
    }
  });

  it('reads every optimizer that ships', () => {
    const files = readdirSync(shipped).filter((name) => name.endsWith('.safetensors'));
    assert.ok(files.length >= 5);
    for (const file of files) {
      const optimizer = load(readFileSync(`${shipped}${file}`));
      const state = optimizer.init([{ shape: [4, 3] }, { shape: [3] }]);
      const gradients = [new Float32Array(12).fill(0.5), new Float32Array(3).fill(-0.5)];
      const updates = optimizer.step(gradients, state, { values: zeros(state) });
      assert.ok(
        updates.every((update) => update.every((u) => Number.isFinite(u) && u !== 0)),
        file,
      );
    }
  });
});

describe('what is refused, and what would do', () => {
  const bytes = encodeWeights(sampleOptimizer(mlpSpec(), 1));
  const changed = (edit: (optimizer: Record<string, unknown>) => void, keys: Record<string, string> = {}) => {
    const { tensors, metadata } = decodeSafetensors(bytes);
    const optimizer = JSON.parse(metadata.optimizer!);
    edit(optimizer);
    return encodeSafetensors(tensors, { ...metadata, optimizer: JSON.stringify(optimizer), ...keys });
  };
  const files: [string, Uint8Array, RegExp][] = [
    ['no safetensors', new Uint8Array(4), /begins with 8 of header length/],
    [
      'another format',
      changed(() => {}, { format: 'metadescent/2' }),
      /format is "metadescent\/2", expected "metadescent\/1"/,
    ],
    [
      'an unknown optimizer',
      changed((o) => {
        o.name = 'gru';
      }),
      /optimizer\.name is "gru", and this version knows lstm, mlp, groups/,
    ],
    [
      'an unknown feature',
      changed((o) => {
        o.features = ['gradient', 'curvature'];
      }),
      /features is "curvature", and this version knows gradient, /,
    ],
    [
      'a field too few',
      changed((o) => {
        delete o.hidden;
      }),
      /optimizer\.hidden is missing/,
    ],
    [
      'tensors of another size',
      changed((o) => {
        o.hidden = [8, 4];
      }),
      /tensor hidden\.1\.kernel has shape \[8,8\]: .* needs \[8,4\]/,
    ],
    [
      'a tensor too few',
      changed((o) => {
        o.learnDecays = true;
      }),
      /tensor decays is missing/,
    ],
    [
      'a tensor too many',
      changed((o) => {
        o.hidden = [];
        o.features = ['gradient'];
        o.vectorFeatures = null;
      }),
      /tensor output\.kernel has shape/,
    ],
  ];
  for (const [title, file, message] of files)
    it(title, () => {
      assert.throws(
        () => load(file),
        (error) => error instanceof FormatError && message.test(error.message),
      );
    });

  it('parameters that do not fit', () => {
    const { optimizer } = opened(lstmSpec({ layers: [2], over: 'all' }));
    assert.throws(
      () => optimizer.init([{ shape: [3] }]),
      /trained on \d+ coordinates, and fits no other number: here are 3/,
    );
    const kernels = opened({ ...lstmSpec({ layers: [2] }), over: 'kernel' }, tensorsProblem([[3, 3, 1, 2]])).optimizer;
    assert.throws(() => kernels.init([{ shape: [5, 5, 1, 2] }]), /\[k, k, in, out\] with k · k = 9, not \[5,5,1,2\]/);
    const groups: LearnedSpec = {
      name: 'groups',
      groups: [{ name: 'net', parameters: ['t0'], optimizer: lstmSpec({ layers: [2] }) }],
    };
    const named = opened(groups, tensorsProblem([[5]])).optimizer;
    assert.throws(
      () =>
        named.init([
          { name: 't0', shape: [2] },
          { name: 'y', shape: [2] },
        ]),
      /no group of this optimizer takes y: "net" takes t0/,
    );
    assert.throws(() => named.init([{ shape: [2] }]), /allowed: names of the problem/);
  });

  it('a usual rate of groups that have different ones', () => {
    const groups: LearnedSpec = {
      name: 'groups',
      groups: [
        { name: 'a', parameters: ['t0'], optimizer: lstmSpec({ layers: [2] }) },
        { name: 'b', parameters: ['*'], optimizer: mlpSpec() },
      ],
    };
    assert.throws(() => opened(groups).optimizer.usualRate, /usual rates of 1 and 0\.001: name a learning rate/);
  });

  it('arrays that do not fit', () => {
    const { optimizer, state } = opened(mlpSpec());
    const gradients = zeros(state);
    assert.throws(() => optimizer.step(gradients, state), /values are missing: this optimizer needs θ/);
    const values = zeros(state);
    assert.throws(
      () => optimizer.step(gradients.slice(1), state, { values }),
      /gradients: 5 arrays, and the state has 6 parameters/,
    );
    const blind = opened(lstmSpec({ layers: [2], over: 'all' }));
    const some = zeros(blind.state).map((gradient, p) => (p === 0 ? null : gradient));
    assert.throws(
      () => blind.optimizer.step(some, blind.state),
      /a gradient is missing: this optimizer sees all of them at once/,
    );
    values[1] = new Float32Array(4);
    assert.throws(() => optimizer.step(gradients, state, { values }), /values\[1\] has 4 numbers, and t1 \[5\] has 5/);
  });
});

it('needs no package, and nothing of Node', () => {
  const seen = new Set<string>();
  const visit = (file: URL) => {
    if (seen.has(file.href)) return;
    seen.add(file.href);
    for (const [, target] of readFileSync(file, 'utf8').matchAll(/^(?:import|export)\b[^;]*?from '([^']+)';/gm)) {
      assert.match(target!, /^\.{1,2}\//, `${file.pathname} imports ${target}`);
      visit(new URL(target!, file));
    }
  };
  visit(new URL('../../src/apply/apply.js', import.meta.url));
  assert.ok(seen.size > 8);
});
