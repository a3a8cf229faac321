import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import type { Problem, Tf } from './problem.js';

/**
 * f(x) = Σ a_i u_i² + (1 - z_i)², u_i = z_{i+1} - z_i², z = x - o + 1 (Rosenbrock 1960; shifted as in CEC 2005), with
 * o ~ U(-1, 1), a ~ steepness · U(0.5, 1.5), x0 ~ U(-2.048, 2.048).
 */
export const rosenbrock: Problem<'rosenbrock'> = {
  name: 'rosenbrock',
  shapes: ({ dimension }) => ({ o: [dimension], a: [dimension - 1] }),
  sample({ steepness }, random, { o, a }, start) {
    random.fillUniform(o!, -1, 1);
    random.fillUniform(a!, 0.5 * steepness, 1.5 * steepness);
    random.fillUniform(start, -2.048, 2.048);
  },
  evaluate(tf, { o, a }, x) {
    const { z, u } = valley(tf, o!, x);
    const offset = tf.sub(z, 1);
    const wall = tf.mul(a!, u);
    return {
      losses: tf.sum(tf.add(tf.mul(wall, u), tf.square(offset)), 1),
      gradient: overlap(tf, tf.sub(tf.mul(offset, 2), tf.mul(tf.mul(wall, z), 4)), tf.mul(wall, 2)),
    };
  },
  hessianProduct(tf, { o, a }, x, v) {
    const { z, u } = valley(tf, o!, x);
    const [dz, dNext] = [first(tf, v), last(tf, v)];
    const du = tf.sub<Tensor2D>(dNext, tf.mul(tf.mul(z, dz), 2));
    const dWall = tf.mul(a!, du);
    const dProduct = tf.add(tf.mul(dWall, z), tf.mul(tf.mul(a!, u), dz));
    return overlap(tf, tf.sub(tf.mul(dz, 2), tf.mul(dProduct, 4)), tf.mul(dWall, 2));
  },
};

/** z_i and u_i, i = 1 … d - 1. */
function valley(tf: Tf, o: Tensor, x: Tensor2D) {
  const all = tf.add<Tensor2D>(tf.sub(x, o), 1);
  const z = first(tf, all);
  return { z, u: tf.sub<Tensor2D>(last(tf, all), tf.square(z)) };
}

/** All coordinates but the last. */
function first(tf: Tf, x: Tensor2D): Tensor2D {
  return tf.slice(x, [0, 0], [-1, x.shape[1] - 1]);
}

/** All coordinates but the first. */
function last(tf: Tf, x: Tensor2D): Tensor2D {
  return tf.slice(x, [0, 1], [-1, -1]);
}

/** The sum of derivatives by the first and by the last d - 1 coordinates. */
function overlap(tf: Tf, byFirst: Tensor, byLast: Tensor): Tensor2D {
  const pad = (x: Tensor, before: number) =>
    tf.pad(x as Tensor2D, [
      [0, 0],
      [before, 1 - before],
    ]);
  return tf.add(pad(byFirst, 0), pad(byLast, 1));
}
