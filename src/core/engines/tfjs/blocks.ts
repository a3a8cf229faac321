import type { Tensor1D, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import { blocksOf, type Group } from '../../../contract/groups.js';
import { coordinatesOf } from '../../learned/blocks.js';
import type { Tf } from '../../problems/problem.js';

/** Splits arrays with an entry per coordinate, [B, d], into the groups' blocks, [width, N] each, and joins them again. */
export class Blocks {
  private readonly sizes: { width: number; blocks: number }[];
  /** Coordinates in the groups' order, and the place of each coordinate in it; null if that is θ's own order. */
  private readonly order: { there: Tensor1D; back: Tensor1D } | null;

  /** @param count functions, B */
  constructor(
    private readonly tf: Tf,
    groups: readonly Group[],
    private readonly count: number,
  ) {
    this.sizes = groups.map((group) => ({ width: group.width, blocks: blocksOf(group) }));
    const there = groups.flatMap((group) => [...coordinatesOf(group)]);
    const back = new Int32Array(there.length);
    for (const [place, coordinate] of there.entries()) back[coordinate] = place;
    const sorted = back.every((place, coordinate) => place === coordinate);
    this.order = sorted ? null : { there: tf.tensor1d(there, 'int32'), back: tf.tensor1d(back, 'int32') };
  }

  /** Blocks of all functions, N, for each group. */
  get counts(): number[] {
    return this.sizes.map(({ blocks }) => blocks * this.count);
  }

  /** [B, d] → for each group [width, N], function by function. */
  cut(x: Tensor2D): Tensor2D[] {
    const { tf, count, order, sizes } = this;
    const sorted = order ? tf.gather(x, order.there, 1) : x;
    let offset = 0;
    return sizes.map(({ width, blocks }) => {
      const size = width * blocks;
      const part = sizes.length === 1 ? sorted : tf.slice(sorted, [0, offset], [count, size]);
      offset += size;
      if (width === 1) return tf.reshape(part, [1, count * blocks]);
      const rows = tf.transpose<Tensor3D>(tf.reshape(part, [count, width, blocks]), [1, 0, 2]);
      return tf.reshape(rows, [width, count * blocks]);
    });
  }

  /** The inverse: for each group [width, N] → [B, d]. */
  join(parts: readonly Tensor2D[]): Tensor2D {
    const { tf, count, order, sizes } = this;
    const sorted = sizes.map(({ width, blocks }, i): Tensor2D => {
      const part = parts[i]!;
      if (width === 1) return tf.reshape(part, [count, blocks]);
      const functions = tf.transpose<Tensor3D>(tf.reshape(part, [width, count, blocks]), [1, 0, 2]);
      return tf.reshape(functions, [count, width * blocks]);
    });
    const all = sorted.length === 1 ? sorted[0]! : tf.concat(sorted, 1);
    return order ? tf.gather(all, order.back, 1) : all;
  }

  dispose(): void {
    if (this.order) this.tf.dispose([this.order.there, this.order.back]);
  }
}
