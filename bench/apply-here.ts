import { readFileSync } from 'node:fs';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { load } from '../src/apply/apply.js';
import { adam } from '../src/core/optimizers/adam.js';
import { LearnedOptimizer } from '../src/tfjs/optimizer.js';
import type { Applied } from './apply.js';

/** apply-here.js plain|cpu|wasm OPTIMIZERS SIZES SECONDS: the measurements of apply.ts in JavaScript, one per line. */

const [framework = '', optimizers = '', sizes = '', seconds = ''] = process.argv.slice(2);
const learningRate = 0.001;
/** Milliseconds of a step that is not measured. */
const tooLong = 20_000;

interface Subject {
  step(): void;
  /** Numbers of state, 4 bytes each. */
  readonly kept: number;
  dispose(): void;
}

function fileOf(optimizer: string): Uint8Array {
  return readFileSync(new URL(`../../examples/optimizers/${optimizer}.safetensors`, import.meta.url));
}

function plain(optimizer: string, n: number): Subject {
  const [gradient, theta, update] = [
    new Float32Array(n).fill(0.01),
    new Float32Array(n).fill(0.5),
    new Float32Array(n),
  ];
  const shape = [n / 1000, 1000];
  const move = () => {
    for (let i = 0; i < n; i++) theta[i]! += update[i]!;
  };
  if (optimizer === 'adam') {
    const spec = { name: 'adam', learningRate, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;
    const state = adam.init(n);
    return {
      step() {
        adam.update(spec, gradient, state, update, theta, [{ shape }]);
        move();
      },
      kept: 2 * n,
      dispose() {},
    };
  }
  const learned = load(fileOf(optimizer));
  const state = learned.init([{ shape }]);
  const options = { values: [theta], updates: [update], learningRate };
  return {
    step() {
      learned.step([gradient], state, options);
      move();
    },
    kept: state.groups.flat().reduce((sum, { length }) => sum + length, 0),
    dispose() {},
  };
}

function inTensorFlow(optimizer: string, n: number): Subject {
  const shape: [number, number] = [n / 1000, 1000];
  const variable = tf.variable(tf.fill(shape, 0.5));
  const gradient = tf.fill(shape, 0.01);
  const own =
    optimizer === 'adam' ? tf.train.adam(learningRate) : new LearnedOptimizer(fileOf(optimizer), { learningRate });
  const kept = optimizer === 'adam' ? 2 * n : plain(optimizer, n).kept;
  return {
    step() {
      own.applyGradients([{ name: variable.name, tensor: gradient }]);
      variable.dataSync();
    },
    kept,
    dispose() {
      own.dispose();
      tf.dispose([variable, gradient]);
    },
  };
}

if (framework !== 'plain') await tf.setBackend(framework);
for (const optimizer of optimizers.split(',')) {
  let slowest = 0;
  for (const coordinates of sizes.split(',').map(Number)) {
    // A size takes at most ten times as long as the one before.
    if (slowest > tooLong / 10) break;
    const { step, kept, dispose } = (framework === 'plain' ? plain : inTensorFlow)(optimizer, coordinates);
    step();
    const times: number[] = [];
    for (const began = performance.now(); times.length < 1 || performance.now() - began < 1000 * Number(seconds); ) {
      const before = performance.now();
      step();
      times.push(performance.now() - before);
    }
    dispose();
    times.sort((a, b) => a - b);
    slowest = times[times.length >> 1]!;
    const found = {
      nanoseconds: 1e6 * slowest,
      state: (4 * kept) / coordinates,
      peak: 1024 * process.resourceUsage().maxRSS,
    };
    console.log(JSON.stringify({ optimizer, coordinates, ...found } satisfies Applied));
  }
}
