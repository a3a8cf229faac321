import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import type { Problem, Tf } from './problem.js';

const [depth, width, frequency] = [20, 0.2, 2 * Math.PI];

/**
 * f(x) = -20 E - F + 20 + e, E = exp(-0.2 r), r = √(|z|²/d), F = exp(Σ cos(2π z_i)/d), z = x - o (Ackley 1987), with
 * o ~ U(-1, 1) and x0 ~ U(-5, 5). At the minimum, where f has a kink, the gradient is taken as 0.
 */
export const ackley: Problem<'ackley'> = {
  name: 'ackley',
  shapes: ({ dimension }) => ({ o: [dimension] }),
  sample(_spec, random, { o }, start) {
    random.fillUniform(o!, -1, 1);
    random.fillUniform(start, -5, 5);
  },
  evaluate(tf, { o }, x, { dimension: d }) {
    const { z, r, E, F, sine } = terms(tf, o!, x);
    const losses = tf.add(tf.add(tf.mul(E, -depth), tf.mul(F, -1)), depth + Math.E);
    const towards = tf.mul(tf.div(tf.mul(E, z), r), (depth * width) / d);
    return { losses: tf.squeeze(losses, [1]), gradient: tf.add(towards, tf.mul(tf.mul(F, sine), frequency / d)) };
  },
  hessianProduct(tf, { o }, x, v, { dimension: d }) {
    const { z, r, E, F, angle, sine } = terms(tf, o!, x);
    // Along v: dr = ⟨z, v⟩/(d r), dE = -0.2 E dr, and so E z/r becomes E/r (v - (0.2 + 1/r) dr z).
    const dr = tf.div(tf.mean(tf.mul(z, v), 1, true), r);
    const inner = tf.sub(v, tf.mul(tf.mul(tf.add(tf.reciprocal(r), width), dr), z));
    const towards = tf.mul(tf.mul(tf.div(E, r), inner), (depth * width) / d);
    // And F sin(2π z) becomes 2π F (cos(2π z) v - mean(sin(2π z) v) sin(2π z)).
    const mean = tf.mean(tf.mul(sine, v), 1, true);
    const ripples = tf.mul(F, tf.sub(tf.mul(tf.cos(angle), v), tf.mul(mean, sine)));
    return tf.add(towards, tf.mul(ripples, frequency ** 2 / d));
  },
};

/** r, E and F are [B, 1]; r is kept off 0. */
function terms(tf: Tf, o: Tensor, x: Tensor2D) {
  const z = tf.sub<Tensor2D>(x, o);
  const r = tf.maximum(tf.sqrt(tf.mean(tf.square(z), 1, true)), 1e-12);
  const angle = tf.mul<Tensor2D>(z, frequency);
  return {
    z,
    r,
    E: tf.exp(tf.mul(r, -width)),
    F: tf.exp(tf.mean(tf.cos(angle), 1, true)),
    angle,
    sine: tf.sin(angle),
  };
}
