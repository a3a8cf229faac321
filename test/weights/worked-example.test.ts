import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createTfjsEngine } from '../../src/core/engines/tfjs/engine.js';
import { flattenWeights } from '../../src/weights/shapes.js';
import type { NamedTensor } from '../../src/weights/tensors.js';
import { decodeWeights, encodeWeights } from '../../src/weights/weights.js';
import { initialState, preprocess, step } from '../reference/network.js';
import { respond } from '../support/respond.js';
import { root } from './python-environment.js';
import { sampleOptimizer } from './samples.js';

/** The table's columns: g, x, h, c, u. */
type Row = [[number], number[], number[], number[], [number]];

test('the worked example of docs/weights-format.md has the numbers of the engine and of the fp64 reference', async () => {
  const text = await readFile(join(root, 'docs/weights-format.md'), 'utf8');
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
  assert(spec.name === 'lstm');
  const phi = flattenWeights(arranged);

  const table = text.slice(text.indexOf('| g | x | h | c | u |'));
  const rows = [...table.matchAll(/^\| (-?[\d.].*) \|$/gm)].map(([, row]) => {
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

/** Asserts that numbers agree with the printed ones, except for the last digit. */
function close(actual: number[], printed: number[], tolerance: number): void {
  assert.equal(actual.length, printed.length);
  for (const [i, value] of actual.entries())
    assert(Math.abs(value - printed[i]!) <= tolerance, `${actual} is printed as ${printed}`);
}
