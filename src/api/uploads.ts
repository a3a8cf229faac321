import { setImmediate } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { ApiError } from '../contract/errors.js';
import { maxWeights, uploadLimit } from '../contract/sizes.js';
import type { CheckedWeights } from '../jobs/optimizers.js';
import { metadataValidators } from '../weights/metadata.js';
import { FormatError } from '../weights/safetensors.js';
import { networksOf } from '../weights/shapes.js';
import { decodeWeights } from '../weights/weights.js';

/** Content types of a file of weights. */
export const uploadTypes = ['application/vnd.safetensors', 'application/octet-stream'];

/** Has the routes of this scope take files of weights beside JSON. */
export function acceptWeights(scope: FastifyInstance): void {
  metadataValidators();
  const options = { parseAs: 'buffer', bodyLimit: uploadLimit } as const;
  scope.addContentTypeParser(uploadTypes, options, async (_request: unknown, body: Buffer) => body);
}

/** Numbers that are looked at before others have their turn. */
const piece = 2 ** 20;

/**
 * Checks a file of weights: its format, that its tensors are those of its spec, that all numbers are finite.
 * @throws ApiError `invalid-weights`, saying what is wrong.
 */
export async function checkWeights(bytes: Uint8Array): Promise<CheckedWeights> {
  const { spec, tensors, provenance, widths } = decode(bytes);
  const weights = tensors.reduce((sum, { data }) => sum + data.length, 0);
  if (weights > maxWeights) throw invalid(`the optimizer has ${weights} weights, at most ${maxWeights} are kept`);
  const unsafe = networksOf(spec).find(({ name }) => name.startsWith('.'));
  if (unsafe)
    throw invalid(`the group ${JSON.stringify(unsafe.name)} begins with a dot, and its tensors are called after it`);
  for (const { name, data } of tensors) {
    for (let from = 0; from < data.length; from += piece) {
      if (from > 0) await setImmediate();
      const at = data.subarray(from, from + piece).findIndex((value) => !Number.isFinite(value));
      if (at >= 0) throw invalid(`tensor ${name}: value ${from + at} is ${data[from + at]}; all must be finite`);
    }
  }
  return { bytes, optimizer: spec, provenance, weights, widths };
}

function decode(bytes: Uint8Array) {
  try {
    return decodeWeights(bytes);
  } catch (error) {
    if (error instanceof FormatError) throw invalid(error.message);
    throw error;
  }
}

function invalid(what: string): ApiError {
  return new ApiError(
    'invalid-weights',
    `The file is not one of weights in the format metadescent/1 (docs/weights-format.md): ${what}.`,
  );
}
