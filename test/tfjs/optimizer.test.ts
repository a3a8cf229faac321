import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import { load } from '../../src/apply/apply.js';
import type { LearnedSpec } from '../../src/contract/optimizers.js';
import { LearnedOptimizer } from '../../src/tfjs/optimizer.js';
import { encodeWeights } from '../../src/weights/weights.js';
import { tensorsProblem } from '../support/tensors-problem.js';
import { lstmSpec, sampleOptimizer, uniform } from '../weights/samples.js';

const general = readFileSync(
  fileURLToPath(new URL('../../../examples/optimizers/general.safetensors', import.meta.url)),
);
const shapes = [[], [5], [3, 4], [2, 3, 4], [3, 3, 1, 2]];
const lstm = encodeWeights(sampleOptimizer(lstmSpec({ layers: [4], outputScale: 0.1 }), 1));

function variables(prefix: string): tf.Variable[] {
  return shapes.map((shape, i) => tf.variable(tf.fill(shape, 0.5), true, `${prefix}/t${i}`));
}

/** Gradients of one step, a tensor per variable. */
function gradientsAt(step: number): Float32Array[] {
  const draw = uniform(step);
  return shapes.map((shape) => Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => draw() - 0.5));
}

/** A step with these gradients, and none of those that are null. */
function applyTo(optimizer: LearnedOptimizer, own: tf.Variable[], gradients: readonly (Float32Array | null)[]) {
  const named: tf.NamedTensorMap = {};
  for (const [p, { name }] of own.entries()) {
    const gradient = gradients[p];
    if (gradient) named[name] = tf.tensor(gradient, shapes[p]!);
  }
  optimizer.applyGradients(named);
  tf.dispose(named);
}

function valuesOf(own: tf.Variable[]): Float32Array[] {
  return own.map((variable) => variable.dataSync<'float32'>().slice());
}

describe('a trained optimizer in TensorFlow.js', () => {
  before(() => tf.setBackend('cpu'));

  it('takes the steps of plain TypeScript, with a map and with a list, and leaks no tensor', () => {
    for (const bytes of [general, lstm]) {
      const plain = load(bytes);
      const state = plain.init(shapes.map((shape) => ({ shape })));
      const values = shapes.map((shape) => new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.5));
      const [own, listed] = [variables(`map${bytes.length}`), variables(`list${bytes.length}`)];
      const options = { learningRate: 0.1, weightDecay: 0.01 };
      const [byMap, byList] = [new LearnedOptimizer(bytes, options), new LearnedOptimizer(bytes, options)];
      let tensors = 0;
      for (let t = 0; t < 100; t++) {
        const gradients = gradientsAt(t);
        applyTo(byMap, own, gradients);
        const list = own.map((_, p) => ({ name: listed[p]!.name, tensor: tf.tensor(gradients[p]!, shapes[p]!) }));
        byList.applyGradients(list);
        for (const { tensor } of list) tensor.dispose();
        for (const [p, update] of plain.step(gradients, state, { values, ...options }).entries())
          for (let i = 0; i < update.length; i++) values[p]![i]! += update[i]!;
        if (t === 0) tensors = tf.memory().numTensors;
      }
      assert.equal(tf.memory().numTensors, tensors);
      assert.deepEqual(valuesOf(own), values);
      assert.deepEqual(valuesOf(listed), values);
      assert.equal(byMap.iterations, 100);
      for (const optimizer of [byMap, byList]) optimizer.dispose();
      tf.dispose([...own, ...listed]);
    }
  });

  it('resumes from its weights and its configuration, bit for bit', async () => {
    const own = variables('resumed');
    const first = new LearnedOptimizer(general, { learningRate: 0.01 });
    for (let t = 0; t < 30; t++) applyTo(first, own, gradientsAt(t));
    const saved = {
      values: valuesOf(own),
      weights: await first.getWeights(),
      config: JSON.stringify(first.getConfig()),
    };
    for (let t = 30; t < 60; t++) applyTo(first, own, gradientsAt(t));
    const expected = valuesOf(own);

    for (const [p, variable] of own.entries()) variable.assign(tf.tensor(saved.values[p]!, shapes[p]!));
    const config = JSON.parse(saved.config);
    const resumed = LearnedOptimizer.fromConfig(LearnedOptimizer as never, config) as LearnedOptimizer;
    await resumed.setWeights(saved.weights);
    assert.equal(resumed.iterations, 30);
    for (let t = 30; t < 60; t++) applyTo(resumed, own, gradientsAt(t));
    assert.deepEqual(valuesOf(own), expected);
    const { className } = LearnedOptimizer;
    assert.equal(tf.serialization.SerializationMap.getMap().classNameMap[className]![0], LearnedOptimizer);
    tf.dispose([...own, ...saved.weights.map(({ tensor }) => tensor)]);
  });

  it('passes over variables without gradients, and names what does not fit', async () => {
    const own = variables('some');
    const optimizer = new LearnedOptimizer(general);
    applyTo(optimizer, own, gradientsAt(0));
    const before = valuesOf(own);
    const gradients = gradientsAt(1);
    applyTo(optimizer, own, [null, ...gradients.slice(1)]);
    const after = valuesOf(own);
    assert.deepEqual(after[0], before[0]);
    assert.notDeepEqual(after[1], before[1]);
    const others = variables('others');
    assert.throws(
      () => applyTo(optimizer, others, gradients),
      /others\/t0 has a gradient, and had none at the first step/,
    );
    assert.throws(() => new LearnedOptimizer(new Uint8Array(4)), /begins with 8 of header length/);
    const other = new LearnedOptimizer(lstm);
    await other.setWeights(await optimizer.getWeights());
    assert.throws(() => applyTo(other, own, gradients), /belong to other variables, or to another trained optimizer/);
    tf.dispose([...own, ...others]);
  });

  it('finds groups by the names of variables', () => {
    const spec: LearnedSpec = {
      name: 'groups',
      groups: [
        { name: 'fixed', parameters: ['t0'], optimizer: { name: 'sgd', learningRate: 1 } as never },
        { name: 'rest', parameters: ['*'], optimizer: lstmSpec({ layers: [2] }) },
      ],
    };
    const bytes = encodeWeights(sampleOptimizer(spec, 1, 0.3, tensorsProblem([[], [5]])));
    const own = [tf.variable(tf.scalar(1), true, 't0'), tf.variable(tf.ones([5]), true, 'x')];
    new LearnedOptimizer(bytes).applyGradients({ t0: tf.scalar(0.25), x: tf.ones([5]) });
    assert.equal(own[0]!.dataSync()[0], 0.75);
    tf.dispose(own);
  });

  it('trains a layers model, and is better than SGD at its best of three rates', async () => {
    const draw = uniform(7);
    const inputs = tf.tensor2d(
      Float32Array.from({ length: 256 * 2 }, () => 2 * draw() - 1),
      [256, 2],
    );
    const labels = tf.tidy(() => {
      const [x, y] = tf.split(inputs, 2, 1);
      return tf.cast(tf.greater(tf.mul(x!, y!), 0), 'float32');
    });
    const finalLoss = async (optimizer: tf.Optimizer) => {
      const dense = (units: number, activation: 'tanh' | 'sigmoid', seed: number, inputShape?: number[]) =>
        layers.layers.dense({
          units,
          activation,
          kernelInitializer: layers.initializers.glorotUniform({ seed }),
          ...(inputShape && { inputShape }),
        });
      const model = layers.sequential({ layers: [dense(16, 'tanh', 1, [2]), dense(1, 'sigmoid', 2)] });
      model.compile({ optimizer, loss: 'binaryCrossentropy' });
      const { history } = await model.fit(inputs, labels, { epochs: 40, batchSize: 64, shuffle: false, verbose: 0 });
      model.dispose();
      return Number(history.loss!.at(-1));
    };
    const learned = await finalLoss(new LearnedOptimizer(general, { learningRate: 0.03 }));
    const rates = [0.01, 0.1, 1];
    const sgd = await Promise.all(rates.map((rate) => finalLoss(tf.train.sgd(rate))));
    assert.ok(learned < Math.min(...sgd), `${learned}, SGD ${sgd}`);
    tf.dispose([inputs, labels]);
  });
});
