import type { Tensor2D } from '@tensorflow/tfjs-core';
import { coordinates, type ProblemOf, parametersOf } from '../../contract/problems.js';
import type { RandomStream } from '../random/random.js';
import type { Problem } from './problem.js';

/**
 * f(c∘θ), c = exp(u), u ~ U(-range, range) per coordinate, tensor or function, starting at θ_0/c (random scaling: Lv et
 * al. 2017, arXiv 1703.03633): the gradient is c∘∇f, and the Hessian times v is c∘∇²f (c∘v).
 */
export const rescaled: Problem<'rescaled'> = {
  name: 'rescaled',
  shapes: (spec) => ({ c: [coordinates(spec)] }),
  sample(spec, random, { c }, start) {
    drawLogarithms(spec, random, c!);
    for (let i = 0; i < c!.length; i++) {
      c![i] = Math.exp(c![i]!);
      start[i]! /= c![i]!;
    }
  },
  evaluate(tf, { c }, theta, _spec, [inner]) {
    const { losses, gradient, observed } = inner!.evaluate(tf.mul<Tensor2D>(c!, theta));
    return { losses, gradient: tf.mul(c!, gradient), ...(observed && { observed: tf.mul<Tensor2D>(c!, observed) }) };
  },
  hessianProduct: (tf, { c }, theta, v, _spec, [inner]) =>
    tf.mul(c!, inner!.hessianProduct(tf.mul<Tensor2D>(c!, theta), tf.mul<Tensor2D>(c!, v))),
};

/** u of every coordinate. */
function drawLogarithms(spec: ProblemOf<'rescaled'>, random: RandomStream, u: Float32Array): void {
  const { range, per = 'coordinate' } = spec;
  if (per === 'coordinate') {
    random.fillUniform(u, -range, range);
    return;
  }
  const sizes = per === 'global' ? [u.length] : parametersOf(spec).map(({ shape }) => shape.reduce((a, b) => a * b, 1));
  const drawn = new Float32Array(sizes.length);
  random.fillUniform(drawn, -range, range);
  let offset = 0;
  for (const [i, size] of sizes.entries()) {
    u.fill(drawn[i]!, offset, offset + size);
    offset += size;
  }
}
