import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { decaysOf } from '../../src/contract/networks/mlp-features.js';
import type { LearnedSpec } from '../../src/contract/optimizers.js';
import { createTfjsEngine } from '../../src/core/engines/tfjs/engine.js';
import { sampleFunctions } from '../../src/core/problems/batch.js';
import { Purpose } from '../../src/core/random/random.js';
import { flattenWeights } from '../../src/weights/shapes.js';
import type { NamedTensor } from '../../src/weights/tensors.js';
import { decodeWeights, encodeWeights } from '../../src/weights/weights.js';
import { freshMlpState, mlpStep } from '../reference/mlp.js';
import { initialState, preprocess, step } from '../reference/network.js';
import { respond } from '../support/respond.js';
import { tensorsProblem } from '../support/tensors-problem.js';
import { root } from './python-environment.js';
import { sampleOptimizer } from './samples.js';

const page = await readFile(join(root, 'docs/weights-format.md'), 'utf8');

/** A worked example: its text, spec and weights. @param title of its section */
function exampleOf(title: string): { text: string; spec: LearnedSpec; phi: Float32Array } {
  const text = page
    .slice(page.indexOf(`\n## ${title}\n`))
    .split('\n## ')
    .slice(0, 2)
    .join('');
  const { optimizer, tensors, format, gateOrder } = JSON.parse(/```json\n(.*?)```/s.exec(text)![1]!);
  assert.deepEqual([format, gateOrder], ['metadescent/1', 'input,forget,cell,output']);
  const given: NamedTensor[] = tensors.map((tensor: { name: string; shape: number[]; data: number[] }) => ({
    ...tensor,
    data: Float32Array.from(tensor.data),
  }));
  // Encoding checks the names and shapes against the spec; decoding checks the spec.
  const { spec, tensors: arranged } = decodeWeights(
    encodeWeights({ ...sampleOptimizer(optimizer, 1), tensors: given }),
  );
  return { text, spec, phi: flattenWeights(arranged) };
}

/** The table's columns: g, x, h, c, u. */
type Row = [[number], number[], number[], number[], [number]];

test('the worked example of docs/weights-format.md has the numbers of the engine and of the fp64 reference', async () => {
  const { text, spec, phi } = exampleOf('Worked example');
  assert(spec.name === 'lstm');

  const rows = [...text.matchAll(/^\| (-?[\d.].*) \|$/gm)].map(([, row]) => {
    const [[g], x, h, c, [u]] = row!.split(' | ').map((cell) => cell.split(', ').map(Number)) as Row;
    return { g, x, h, c, u };
  });
  assert.equal(rows.length, 3);
  const gradients = Float32Array.from(rows, ({ g }) => g);
  const engine = await createTfjsEngine({ name: 'tfjs', backend: 'wasm' });
  const updates = await respond(engine, spec, phi, gradients, 1);

  let state = initialState(spec);
  for (const [t, { g, x, h, c, u }] of rows.entries()) {
    const reference = step(spec, Array.from(phi), [g], state);
    state = reference.state;
    close(preprocess(spec.preprocess, g), x, 5e-8);
    close(state.h[0]!, h, 1e-7);
    close(state.c[0]!, c, 1e-7);
    close([reference.update[0]!, updates[t]!], [u, u], 2e-8);
  }
});

test('the worked example of an MLP there has the numbers of the engine and of the fp64 reference', async () => {
  const { text, spec, phi } = exampleOf('Worked example of an MLP');
  assert(spec.name === 'mlp');
  const said = (pattern: RegExp) =>
    pattern
      .exec(text.replaceAll('\n', ' '))!
      .slice(1)
      .map((list) => list.split(', ').map(Number));
  const rows = [...text.matchAll(/^\| (\d) \| [Wz]\[[\d, ]+\] \| (.*) \|$/gm)].map(([, t, cells]) => {
    const [theta, g, m, v, s] = cells!.split(' | ').map(Number) as [number, number, number, number, number];
    return { t: Number(t), theta, g, m, v, s };
  });
  assert.equal(rows.length, 12);
  const goal = said(/b = \[([^\]]*)\] for W and \[([^\]]*)\] for z/).flat();
  close(decaysOf(spec, phi.slice(-3)), said(/β = (\S+) of .*?, (\S+) of .*? and (\S+) of/).flat(), 1e-7);

  const shapes = [[2, 2], [2]];
  const rate = 0.1;
  const batch = sampleFunctions(tensorsProblem(shapes), 1, Purpose.validation, 0, 1);
  batch.data.s!.fill(1);
  batch.data.b!.set(goal);
  batch.start.set(rows.slice(0, 6).map(({ theta }) => theta));
  const engine = await createTfjsEngine({ name: 'tfjs', backend: 'wasm' });
  const episode = await engine.openEpisode(spec, batch, { rates: { at: () => rate, weightDecay: 0 } });
  const factored = [
    ...said(/r of W is \[([^\]]*)\] and c \[([^\]]*)\]/),
    ...said(/second r is \[([^\]]*)\] and c \[([^\]]*)\]/),
  ];
  let theta = rows.slice(0, 6).map((row) => row.theta);
  let states = shapes.map((shape) => freshMlpState(spec, shape));
  for (const t of [0, 1]) {
    const own = rows.filter((row) => row.t === t);
    const g = theta.map((x, i) => x - goal[i]!);
    const steps = [
      mlpStep(spec, [...phi], [2, 2], g.slice(0, 4), theta.slice(0, 4), t, states[0]!),
      mlpStep(spec, [...phi], [2], g.slice(4), theta.slice(4), t, states[1]!),
    ];
    states = steps.map(({ state }) => state);
    const s = steps.flatMap((step) => step.s);
    const column = (name: 'theta' | 'g' | 'm' | 'v' | 's') => own.map((row) => row[name]);
    close(theta, column('theta'), 1e-7);
    close(g, column('g'), 1e-7);
    close(
      states.flatMap(({ momenta }) => [...momenta[0]!]),
      column('m'),
      1e-7,
    );
    close(
      states.flatMap(({ second }) => [...second]),
      column('v'),
      1e-7,
    );
    close(s, column('s'), 1e-7);
    close([...states[0]!.rows[0]!], factored[2 * t]!, 1e-7);
    close([...states[0]!.columns[0]!], factored[2 * t + 1]!, 1e-7);
    theta = theta.map((x, i) => x - rate * s[i]!);
    await episode.advance(phi, 1);
    close([...(await episode.state()).theta], theta, 1e-6);
  }
  episode.dispose();
});

/** Asserts that numbers agree with the printed ones, except for the last digit. */
function close(actual: number[], printed: number[], tolerance: number): void {
  assert.equal(actual.length, printed.length);
  for (const [i, value] of actual.entries())
    assert(Math.abs(value - printed[i]!) <= tolerance, `${actual} is printed as ${printed}`);
}
