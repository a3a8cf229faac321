import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import type { Tf } from './problem.js';

/** Added to a variance, as in Sonnet's BatchNorm, which deepmind/learning-to-learn uses. */
const epsilon = 1e-3;

/** The operations after a layer's sums z [n, side, side, channels]. */
interface Following {
  readonly output: Tensor4D;
  /** From df/d(output): df/dz, and df/d(shifts). */
  back(dOutput: Tensor4D): { dSums: Tensor4D; dShifts: Tensor1D };
}

/** @param shifts [channels] */
export function shift(tf: Tf, z: Tensor4D, shifts: Tensor1D): Following {
  return {
    output: tf.add(z, shifts),
    back: (dOutput) => ({ dSums: dOutput, dShifts: sumRows(tf, dOutput) }),
  };
}

/**
 * Batch normalisation (Ioffe and Szegedy 2015) by the mini-batch's statistics if the network has it, shifts [channels],
 * ReLU, and 2 × 2 max pooling if the side is above 1. Values that share a maximum share its gradient.
 *
 * Pooling comes first: the rest is monotonic and elementwise, so the result is the same, at a quarter of the work.
 */
export function rectify(tf: Tf, z: Tensor4D, shifts: Tensor1D, batchNorm: boolean): Following {
  const pools = z.shape[1] > 1;
  const largest = pools ? tf.maxPool(z, 2, 2, 'valid') : z;
  const { mean, scale } = batchNorm ? statistics(tf, z) : { mean: 0, scale: 1 };
  const normal = batchNorm ? tf.mul<Tensor4D>(tf.sub(largest, mean), scale) : largest;
  const output = tf.relu(tf.add<Tensor4D>(normal, shifts));
  return {
    output,
    back(dOutput) {
      const dNormal = tf.mul<Tensor4D>(dOutput, tf.step(output));
      const dShifts = sumRows(tf, dNormal);
      const dLargest = tf.mul<Tensor4D>(dNormal, scale);
      const through = pools ? unpool(tf, z, largest, dLargest) : dLargest;
      if (!batchNorm) return { dSums: through, dShifts };
      // The statistics move with every z: with ẑ the normalised values, of which pooling passes some on,
      // dz = scale (through - mean(dẑ) - ẑ mean(dẑ ∘ ẑ)).
      const count = rowsOf(z);
      const meanDelta = tf.div(dShifts, count);
      const meanProduct = tf.div(sumRows(tf, tf.mul(dNormal, normal)), count);
      const perValue = tf.mul(tf.square(scale), meanProduct);
      const constant = tf.mul(scale, meanDelta);
      const statistical = tf.add(tf.mul(tf.sub(z, mean), perValue), constant);
      return { dSums: tf.sub(through, statistical), dShifts };
    },
  };
}

/** Mean and 1/√(variance + ε) per channel. */
function statistics(tf: Tf, z: Tensor4D): { mean: Tensor1D; scale: Tensor1D } {
  const count = rowsOf(z);
  const mean = tf.div<Tensor1D>(sumRows(tf, z), count);
  const variance = tf.div<Tensor1D>(sumRows(tf, tf.squaredDifference(z, mean)), count);
  return { mean, scale: tf.rsqrt(tf.add(variance, epsilon)) };
}

/** df/dz where z was pooled to `largest`. */
function unpool(tf: Tf, z: Tensor4D, largest: Tensor4D, dLargest: Tensor4D): Tensor4D {
  const [, rows, columns] = z.shape;
  const spread = (pooled: Tensor4D) => tf.image.resizeNearestNeighbor(pooled, [rows, columns]);
  const isLargest = tf.cast<Tensor4D>(tf.equal(z, spread(largest)), 'float32');
  const share = tf.avgPool(isLargest, 2, 2, 'valid');
  return tf.mul(isLargest, spread(tf.div(dLargest, tf.mul(share, 4))));
}

function rowsOf(z: Tensor): number {
  return z.size / z.shape.at(-1)!;
}

/**
 * Sums over all axes but the channels: as products with ones, for which no backend has to transpose; in two stages,
 * since rounding errors grow with the length of a sum.
 */
function sumRows(tf: Tf, z: Tensor): Tensor1D {
  const [, , columns = 1, channels = 1] = z.shape;
  const rows = rowsOf(z) / columns;
  const ones = (n: number) => tf.ones([1, n]) as Tensor2D;
  const byColumn = tf.matMul(ones(rows), tf.reshape(z, [rows, columns * channels]) as Tensor2D);
  return tf.reshape(tf.matMul(ones(columns), tf.reshape(byColumn, [columns, channels]) as Tensor2D), [channels]);
}
