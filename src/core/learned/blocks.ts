import { type Group, isNetwork } from '../../contract/groups.js';
import { networkContract } from '../../contract/networks/networks.js';

/**
 * A group's coordinates in one function, in the order of its blocks: row i of [width, blocks] holds the
 * i-th coordinate of each block. A block is one coordinate; or all of the group's; or the k · k entries of a kernel
 * [k, k, in, out] for one pair of channels, kernel after kernel.
 */
export function coordinatesOf(group: Group): Int32Array {
  const { parameters, width } = group;
  const split = isNetwork(group) && networkContract(group.optimizer).splitsTensors?.(group.optimizer);
  const rows = split ? width : 1;
  const coordinates: number[] = [];
  for (let row = 0; row < rows; row++)
    for (const { offset, size } of parameters) {
      const length = size / rows;
      for (let i = 0; i < length; i++) coordinates.push(offset + row * length + i);
    }
  return Int32Array.from(coordinates);
}
