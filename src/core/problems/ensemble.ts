import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { Part, Problem, Tf } from './problem.js';

/** f(θ) = Σ w_i f_i(θ_i), θ the concatenation of the θ_i (deepmind/learning-to-learn, `ensemble`). */
export const ensemble: Problem<'ensemble'> = {
  name: 'ensemble',
  shapes: () => ({}),
  sample() {},
  evaluate(tf, _data, theta, { members }, parts) {
    const thetas = split(tf, theta, parts);
    const all = parts.map((part, i) => part.evaluate(thetas[i]!));
    const weigh = <T extends Tensor1D | Tensor2D>(values: T[]) =>
      values.map((x, i) => tf.mul<T>(x, members[i]!.weight));
    const join = (values: Tensor2D[]) => tf.concat(weigh(values), 1);
    return {
      losses: tf.addN(weigh(all.map(({ losses }) => losses))),
      gradient: join(all.map(({ gradient }) => gradient)),
      ...(all.some(({ observed }) => observed) && {
        observed: join(all.map(({ gradient, observed = gradient }) => observed)),
      }),
    };
  },
  hessianProduct(tf, _data, theta, v, { members }, parts) {
    const [thetas, vs] = [split(tf, theta, parts), split(tf, v, parts)];
    const products = parts.map((part, i) =>
      tf.mul<Tensor2D>(part.hessianProduct(thetas[i]!, vs[i]!), members[i]!.weight),
    );
    return tf.concat(products, 1);
  },
};

/** The coordinates of each part, [B, its dimension]. */
function split(tf: Tf, theta: Tensor2D, parts: readonly Part[]): Tensor2D[] {
  return tf.split(
    theta,
    parts.map(({ dimension }) => dimension),
    1,
  );
}
