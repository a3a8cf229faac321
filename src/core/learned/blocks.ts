import type { Group } from '../../contract/groups.js';

/**
 * A group's coordinates in one function, in the order of its blocks: row i of [width, blocks] holds the
 * i-th coordinate of each block. A block is one coordinate; or all of the group's; or the k · k entries of a kernel
 * [k, k, in, out] for one pair of channels, kernel after kernel.
 */
export function coordinatesOf({ optimizer, parameters, width }: Group): Int32Array {
  const kernels = optimizer.name === 'lstm' && optimizer.over === 'kernel';
  const rows = kernels ? width : 1;
  const coordinates: number[] = [];
  for (let row = 0; row < rows; row++)
    for (const { offset, size } of parameters) {
      const length = size / rows;
      for (let i = 0; i < length; i++) coordinates.push(offset + row * length + i);
    }
  return Int32Array.from(coordinates);
}
