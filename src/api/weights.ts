import { buffer } from 'node:stream/consumers';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '../contract/errors.js';
import { Choice, Strict } from '../contract/schema.js';
import { Type } from '../contract/type.js';
import type { OpenArtifact } from '../jobs/artifacts.js';
import { type Conversion, convert } from './convert.js';
import { type ServedFile, sendFile, storedFile } from './files.js';
import { negotiate } from './negotiate.js';
import { fileResponses } from './schemas.js';

/** Shared by the routes that serve weights. */

type Format = 'safetensors' | Conversion;

/** Content types and their formats, the default first. */
const formats: ReadonlyMap<string, Format> = new Map([
  ['application/vnd.safetensors', 'safetensors'],
  ['application/octet-stream', 'safetensors'],
  ['application/x-npz', 'npz'],
  ['application/npz', 'npz'],
  ['application/json', 'json'],
]);

export const weightsDescription = `As safetensors by default; \`Accept\` or \`format\` chooses NumPy's npz (\`application/x-npz\`) or
JSON. docs/weights-format.md specifies the tensors. Each format has its own ETag; only safetensors supports ranges.`;

export const WeightsQuery = Strict({
  format: Type.Optional(Choice(['safetensors', 'npz', 'json'], { description: 'Overrides `Accept`, for browsers.' })),
});

export const weightsResponses = fileResponses('The weights, with everything needed to run them.', {
  ...Object.fromEntries([...formats.keys()].map((type) => [type, null])),
  'application/json': Type.Object({}),
});

/**
 * Sends weights in the requested format.
 * @param find returns the file and the name to save it under, without an extension; called once the format is known
 * @throws ApiError `not-acceptable`, or what `find` throws.
 */
export async function sendWeights(
  request: FastifyRequest<{ Querystring: { format?: Format } }>,
  reply: FastifyReply,
  find: () => Promise<{ file: OpenArtifact; name: string }>,
): Promise<FastifyReply> {
  reply.header('vary', 'Accept');
  const { type, format } = choose(request.headers.accept, request.query.format);
  const { file, name } = await find();
  const served = await storedFile(file, { type, fileName: `${name}.safetensors` });
  return sendFile(request, reply, format === 'safetensors' ? served : converted(served, format, name));
}

function choose(accept: string | undefined, asked: Format | undefined): { type: string; format: Format } {
  const types = [...formats.keys()];
  const type = asked ? types.find((name) => formats.get(name) === asked) : negotiate(accept, types);
  const format = formats.get(type ?? '');
  if (!type || !format)
    throw new ApiError('not-acceptable', `Accept: ${accept}: weights are available as ${types.join(', ')}.`);
  return { type, format };
}

/** The same weights in another format, converted on request. */
function converted(file: ServedFile, format: Conversion, name: string): ServedFile {
  return {
    ...file,
    etag: `${file.etag}-${format}`,
    fileName: `${name}.${format}`,
    size: null,
    async read() {
      const content = await file.read();
      const bytes = content instanceof Uint8Array ? content : await buffer(content);
      return convert(bytes, format);
    },
  };
}
