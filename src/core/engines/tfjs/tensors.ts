import type { Tensor } from '@tensorflow/tfjs-core';

/** The tensors anywhere in an object. */
export function tensorsIn(value: unknown): Tensor[] {
  if (value === null || typeof value !== 'object') return [];
  if ('dataId' in value) return [value as Tensor];
  return Object.values(value).flatMap(tensorsIn);
}
