import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { addPlugin, type ProblemPlugin } from '../../../src/plugins/plugin.js';

/** f = scale · Σ x² - shift of four coordinates from U[-1, 1), whole or with NaN in places. */
const shifted: ProblemPlugin = {
  name: 'shifted',
  title: 'Shifted parabola',
  description: 'scale · Σ x² - shift',
  fields: {
    shift: { type: 'number', default: 0 },
    scale: { type: 'number', default: 1 },
    // "midway": the loss where 0.05 < Σ x² < 0.1; "one": the loss of one function in twenty; "gradient": all gradients.
    nan: { type: 'string', enum: ['nowhere', 'midway', 'one', 'gradient'], default: 'nowhere' },
  },
  parameters: () => [{ name: 'x', shape: [4] }],
  shapes: () => ({ lot: [1] }),
  sample(_spec, random, { lot }, start) {
    random.fillUniform(start, -1, 1);
    random.fillUniform(lot!, 0, 20);
  },
  evaluate(tf, { lot }, x, { shift, scale, nan }) {
    const square = tf.sum<Tensor1D>(tf.square(x), 1);
    const spoilt = {
      nowhere: tf.zerosLike(square),
      midway: tf.logicalAnd(tf.greater(square, 0.05), tf.less(square, 0.1)),
      one: tf.less(tf.reshape(lot!, [-1]), 1),
      gradient: tf.zerosLike(square),
    }[nan as 'nowhere'];
    const losses = tf.sub<Tensor1D>(tf.mul(square, scale as number), shift as number);
    return {
      losses: tf.where(tf.cast(spoilt, 'bool'), Number.NaN, losses) as Tensor1D,
      gradient: tf.mul<Tensor2D>(x, nan === 'gradient' ? Number.NaN : 2 * (scale as number)),
    };
  },
};

/** Once per process, before any document is validated. */
export function addShifted(): void {
  addPlugin(shifted, 'of a test');
}
