import { setImmediate } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { ApiError } from '../contract/errors.js';
import { maxWeights, uploadLimit } from '../contract/sizes.js';
import type { CheckedWeights } from '../jobs/optimizers.js';
import { metadataValidators } from '../weights/metadata.js';
import { FormatError } from '../weights/safetensors.js';
import { networksOf } from '../weights/shapes.js';
import { decodeWeights } from '../weights/weights.js';

/** Content types of a weights file. */
export const uploadTypes = ['application/vnd.safetensors', 'application/octet-stream'];

/** Makes the routes of this scope accept weights files besides JSON. */
export function acceptWeights(scope: FastifyInstance): void {
  metadataValidators();
  const options = { parseAs: 'buffer', bodyLimit: uploadLimit } as const;
  scope.addContentTypeParser(uploadTypes, options, async (_request: unknown, body: Buffer) => body);
}

/** Numbers checked per turn of the event loop. */
const piece = 2 ** 20;

/**
 * Checks a weights file: its format, its tensors against its spec, that all numbers are finite.
 * @throws ApiError `invalid-weights`, saying what is wrong.
 */
export async function checkWeights(bytes: Uint8Array): Promise<CheckedWeights> {
  const { spec, tensors, provenance, widths } = decode(bytes);
  const weights = tensors.reduce((sum, { data }) => sum + data.length, 0);
  if (weights > maxWeights) throw invalid(`the optimizer has ${weights} weights; at most ${maxWeights} are allowed`);
  const unsafe = networksOf(spec).find(({ name }) => name.startsWith('.'));
  if (unsafe)
    throw invalid(
      `the group ${JSON.stringify(unsafe.name)} begins with a dot, which is not allowed, since its tensors are named after it`,
    );
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
    `The file is not a weights file in the format metadescent/1 (docs/weights-format.md): ${what}.`,
  );
}
