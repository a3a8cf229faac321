import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { load } from '../../src/apply/apply.js';
import { LearnedOptimizer } from '../../src/tfjs/optimizer.js';
import { sizeOf } from '../../src/weights/tensors.js';
import { findPython, root } from '../weights/python-environment.js';
import { type Case, errorOf, frameworkCases } from './cases.js';
import { frameworkPython, lacks, pythonPath } from './python.js';

const run = promisify(execFile);
const tolerance = 1e-5;
const { python, missing } = await findPython();

/** θ after each step. */
type Framework = (one: Case) => Float32Array[];

const inTypeScript: Framework = ({ weights, tensors, start, gradients, learningRate, weightDecay }) => {
  const optimizer = load(weights);
  const state = optimizer.init(tensors);
  const theta = start.slice();
  return gradients.map((gradient) => {
    const values = split(tensors, theta);
    const updates = optimizer.step(split(tensors, gradient), state, { values, learningRate, weightDecay });
    for (const [p, update] of updates.entries()) for (let i = 0; i < update.length; i++) values[p]![i]! += update[i]!;
    return theta.slice();
  });
};

const inTensorFlow: Framework = ({ weights, tensors, start, gradients, learningRate, weightDecay }) => {
  const optimizer = new LearnedOptimizer(weights, { learningRate, weightDecay });
  const variables = split(tensors, start).map((value, p) => {
    const { name, shape } = tensors[p]!;
    return tf.variable(tf.tensor(value, [...shape]), true, name);
  });
  const found = gradients.map((gradient) => {
    const parts = split(tensors, gradient);
    optimizer.applyGradients(tensors.map(({ name, shape }, p) => ({ name, tensor: tf.tensor(parts[p]!, [...shape]) })));
    return Float32Array.from(variables.flatMap((variable) => [...variable.dataSync()]));
  });
  tf.dispose(variables);
  return found;
};

/** The parts of a flat θ, as views into it. */
function split(tensors: Case['tensors'], flat: Float32Array): Float32Array[] {
  let at = 0;
  return tensors.map(({ shape }) => {
    at += sizeOf(shape);
    return flat.subarray(at - sizeOf(shape), at);
  });
}

describe('every drop-in takes the steps of fp64', () => {
  let cases: Case[];
  let folder: string;
  before(async () => {
    cases = frameworkCases();
    folder = await mkdtemp(join(tmpdir(), 'metadescent-parity-'));
    await tf.setBackend('cpu');
    await writeFile(
      join(folder, 'cases.json'),
      JSON.stringify(cases, (_, value) => encoded(value)),
    );
  });
  after(() => rm(folder, { recursive: true, force: true }));

  for (const [title, framework] of Object.entries({ 'plain TypeScript': inTypeScript, 'TensorFlow.js': inTensorFlow }))
    it(title, () => {
      for (const one of cases) {
        const error = errorOf(one, framework(one));
        assert.ok(error < tolerance, `${one.name}: off by ${error}`);
      }
    });

  const inPython = [
    ['numpy', python, missing],
    ['optax', python, missing || lacks(python, 'optax')],
    ['torch', ...frameworkPython('torch')],
    ['keras', ...frameworkPython('keras')],
  ] as const;
  for (const [framework, program, absent] of inPython)
    it(framework, { skip: absent }, async () => {
      const found = join(folder, `${framework}.json`);
      const script = join(root, 'python/tests/parity.py');
      await run(program, [script, framework, join(folder, 'cases.json'), found], { env: pythonPath });
      const report: Record<string, string[] | string> = JSON.parse(await readFile(found, 'utf8'));
      for (const one of cases) {
        const values = report[one.name]!;
        // Keras updates one variable after the other.
        if (framework === 'keras' && one.name === 'an LSTM over all coordinates') {
          assert.match(String(values), /sees all coordinates at once/);
          continue;
        }
        assert.ok(Array.isArray(values), `${one.name}: ${values}`);
        const error = errorOf(one, values.map(floatsOf));
        assert.ok(error < tolerance, `${one.name}: off by ${error}`);
      }
    });
});

/** Arrays in base64, for Python. */
function encoded(value: unknown): unknown {
  if (!ArrayBuffer.isView(value)) return value;
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
}

function floatsOf(base64: string): Float32Array {
  return new Float32Array(Uint8Array.from(Buffer.from(base64, 'base64')).buffer);
}
