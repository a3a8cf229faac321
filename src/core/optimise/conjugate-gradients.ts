import type { Engine } from '../engines/engine.js';
import type { FunctionBatch } from '../problems/batch.js';
import type { Method, Optimisation } from './method.js';

/** Distance along a direction at which its curvature is measured: it outweighs f(θ_0) and its derivative there. */
const reach = 1e4;

/** Number of earlier directions to which a new one is made conjugate. */
const remembered = 20;

/** A step taken: its direction, and the change of the gradient that it made, each [B, d]. */
interface Step {
  readonly direction: Float64Array;
  readonly change: Float32Array;
}

/** A yardstick: it knows that the functions are quadratic. */
export const conjugateGradients: Method = { label: 'Conjugate gradients', role: 'yardstick', optimise };

/**
 * Conjugate gradients (Hestenes and Stiefel 1952) with exact line search, on functions that are quadratic: the direction
 * is -g, made conjugate to the earlier ones, and θ moves to the minimum along it. Each function has its own.
 *
 * Without rounding, only the last direction would matter. In fp32 the others return: the 100-step sums of quadratic
 * functions of 10 coordinates are then 2 to 5 % too high; with several directions remembered they equal those in
 * doubles. For the same reason the curvature c along p comes from values only, f(q + s p) = f(q) + s ⟨∇f(q), p⟩ + c s² / 2
 * with q = θ_0 and a large s: the difference of two gradients would lose it along a nearly flat direction.
 *
 * Yields after every step. @returns f(θ_t) [steps + 1, B]
 */
async function* optimise(engine: Engine, batch: FunctionBatch, steps: number): Optimisation {
  const { count, dimension, start } = batch;
  const functions = await engine.openFunctions(batch);
  try {
    const theta = start.slice();
    const far = new Float32Array(theta.length);
    const all = new Float32Array((steps + 1) * count);
    const origin = await functions.evaluate(start, 0);
    const taken: Step[] = [];
    let before = origin.gradient;
    for (let t = 0; ; t++) {
      const { losses, gradient } = t === 0 ? origin : await functions.evaluate(theta, t);
      all.set(losses, t * count);
      if (t === steps) return all;
      for (const { change } of taken.slice(-1))
        for (let i = 0; i < change.length; i++) change[i] = gradient[i]! - before[i]!;
      const direction = new Float64Array(theta.length);
      const scales = new Float64Array(count);
      for (let b = 0; b < count; b++) {
        const [from, to] = [b * dimension, (b + 1) * dimension];
        turn(direction, gradient, taken, from, to);
        const length = Math.sqrt(dot(direction, direction, from, to));
        scales[b] = length > 0 ? reach / length : 0;
        for (let i = from; i < to; i++) far[i] = start[i]! + scales[b]! * direction[i]!;
      }
      const { losses: beyond } = await functions.evaluate(far, t);
      for (let b = 0; b < count; b++) {
        const [from, to, scale] = [b * dimension, (b + 1) * dimension, scales[b]!];
        const linear = origin.losses[b]! + scale * dot(origin.gradient, direction, from, to);
        const curvature = (2 * (beyond[b]! - linear)) / scale ** 2;
        // At the minimum there is no direction; if rounding leaves no curvature, there is none to follow.
        if (!(curvature > 0)) continue;
        const step = -dot(gradient, direction, from, to) / curvature;
        for (let i = from; i < to; i++) theta[i]! += step * direction[i]!;
      }
      taken.push({ direction, change: new Float32Array(theta.length) });
      if (taken.length > Math.min(dimension, remembered)) taken.shift();
      before = gradient;
      yield;
    }
  } finally {
    functions.dispose();
  }
}

/** The next direction of one function; -g if the conjugate one would lead uphill. */
function turn(direction: Float64Array, gradient: Vector, taken: readonly Step[], from: number, to: number): void {
  for (let i = from; i < to; i++) direction[i] = -gradient[i]!;
  for (const { direction: other, change } of taken.toReversed()) {
    const curvature = dot(other, change, from, to);
    if (!(curvature > 0)) continue;
    const share = dot(direction, change, from, to) / curvature;
    for (let i = from; i < to; i++) direction[i]! -= share * other[i]!;
  }
  if (dot(direction, gradient, from, to) < 0) return;
  for (let i = from; i < to; i++) direction[i] = -gradient[i]!;
}

type Vector = Float32Array | Float64Array;

function dot(a: Vector, b: Vector, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += a[i]! * b[i]!;
  return sum;
}
