import { toWire } from '../contract/schema.js';
import type { NamedTensor } from './tensors.js';

/**
 * Tensors as JSON: the metadata's members, then `tensors`, a list of {name, shape, data}, the data row-major in one
 * list. Each number has nine digits, which round-trip fp32.
 */
export function encodeJson(tensors: readonly NamedTensor[], metadata: Record<string, unknown>): string {
  const list = tensors.map(({ name, shape, data }) => ({
    name,
    shape,
    data: Array.from(data, (value) => toWire(Number(value.toPrecision(9)))),
  }));
  return `${JSON.stringify({ ...metadata, tensors: list })}\n`;
}
