// A problem of one's own: random Styblinski-Tang functions (Styblinski and Tang, Neural Networks 3, 1990).
//
//   f(x) = Σ ½ (z⁴ - 16 z² + 5 z) + 39.166…, z = x - o, o ~ U(-1, 1) anew for each function, x0 ~ U(-4, 4)
//
// Each coordinate has two valleys, of which one is deeper. Use: metadescent serve --plugin examples/plugin-styblinski-tang.mjs

/** What makes the minimum of a coordinate's term 0; that is at z = -2.9035…. */
const least = 39.16616570377142;

export default {
  name: 'styblinski-tang',
  title: 'Styblinski-Tang',
  description: 'f(x) = Σ ½ (z⁴ - 16 z² + 5 z) + 39.166, z = x - o, o ~ U(-1, 1), x0 ~ U(-4, 4).',

  // JSON Schemas of the fields that a job's document may have besides the name. Each needs a default.
  fields: {
    dimension: { type: 'integer', minimum: 1, maximum: 10000, default: 4, description: 'Coordinates of one function.' },
  },

  // The named tensors whose concatenation is θ.
  parameters: ({ dimension }) => [{ name: 'x', shape: [dimension] }],

  // What tells a function from the others of its family ...
  shapes: ({ dimension }) => ({ o: [dimension] }),

  // ... and how it is drawn. Draw from `random` alone, always in the same order.
  sample(_spec, random, { o }, start) {
    random.fillUniform(o, -1, 1);
    random.fillUniform(start, -4, 4);
  },

  // Functions side by side: x and o are [B, dimension]; the losses are [B], the gradient like x.
  evaluate(tf, { o }, x) {
    const z = tf.sub(x, o);
    const square = tf.square(z);
    const terms = tf.add(tf.mul(square, tf.sub(square, 16)), tf.mul(z, 5));
    return {
      losses: tf.sum(tf.add(tf.mul(terms, 0.5), least), 1),
      gradient: tf.add(tf.mul(z, tf.sub(tf.mul(square, 2), 16)), 2.5),
    };
  },

  // Optional: the Hessian times v. Without it, jobs that ask for exact second derivatives are refused.
  hessianProduct(tf, { o }, x, v) {
    return tf.mul(tf.sub(tf.mul(tf.square(tf.sub(x, o)), 6), 16), v);
  },
};
