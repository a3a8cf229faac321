// A problem as a plugin: random Styblinski-Tang functions (Styblinski and Tang, Neural Networks 3, 1990).
//
//   f(x) = Σ ½ (z⁴ - 16 z² + 5 z) + 39.166…, z = x - o, o ~ U(-1, 1) drawn for each function, x0 ~ U(-4, 4)
//
// Each coordinate has two valleys, one deeper. Use: metadescent serve --plugin examples/plugin-styblinski-tang.mjs

/** Makes the minimum of a coordinate's term 0, at z = -2.9035…. */
const offset = 39.16616570377142;

export default {
  name: 'styblinski-tang',
  title: 'Styblinski-Tang',
  description: 'f(x) = Σ ½ (z⁴ - 16 z² + 5 z) + 39.166, z = x - o, o ~ U(-1, 1), x0 ~ U(-4, 4).',

  // JSON Schemas of the fields that a job document may have besides the name. Each needs a default.
  fields: {
    dimension: { type: 'integer', minimum: 1, maximum: 10000, default: 4, description: 'Coordinates of one function.' },
  },

  // The named tensors whose concatenation is θ.
  parameters: ({ dimension }) => [{ name: 'x', shape: [dimension] }],

  // The data that distinguishes one function of the family from another ...
  shapes: ({ dimension }) => ({ o: [dimension] }),

  // ... and how it is drawn. Draw only from `random`, always in the same order.
  sample(_spec, random, { o }, start) {
    random.fillUniform(o, -1, 1);
    random.fillUniform(start, -4, 4);
  },

  // B functions in parallel: x and o are [B, dimension]; the losses are [B], the gradient is like x.
  evaluate(tf, { o }, x) {
    const z = tf.sub(x, o);
    const square = tf.square(z);
    const terms = tf.add(tf.mul(square, tf.sub(square, 16)), tf.mul(z, 5));
    return {
      losses: tf.sum(tf.add(tf.mul(terms, 0.5), offset), 1),
      gradient: tf.add(tf.mul(z, tf.sub(tf.mul(square, 2), 16)), 2.5),
    };
  },

  // Optional: the Hessian times v. Without it, jobs with exact second derivatives are refused.
  hessianProduct(tf, { o }, x, v) {
    return tf.mul(tf.sub(tf.mul(tf.square(tf.sub(x, o)), 6), 16), v);
  },
};
