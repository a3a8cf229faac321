import { buffer } from 'node:stream/consumers';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { ProblemError } from '../../contract/errors.js';
import { artifactNames } from '../../contract/job.js';
import { Choice, Strict } from '../../contract/schema.js';
import { decodeWeights, type TrainedOptimizer, toJson, toNpz } from '../../core/weights/weights.js';
import type { Jobs } from '../../jobs/jobs.js';
import { type ServedFile, sendFile, storedFile } from '../files.js';
import { negotiate } from '../negotiate.js';
import { notMade } from '../not-made.js';
import { fileAnswers, JobParams, problems } from '../schemas.js';

type Format = 'safetensors' | 'npz' | 'json';

/** Content types, the default first, and the format behind each. */
const formats: ReadonlyMap<string, Format> = new Map([
  ['application/vnd.safetensors', 'safetensors'],
  ['application/octet-stream', 'safetensors'],
  ['application/x-npz', 'npz'],
  ['application/npz', 'npz'],
  ['application/json', 'json'],
]);

const description = `As safetensors by default; \`Accept\` or \`format\` chooses NumPy's npz (\`application/x-npz\`) or
JSON. docs/weights-format.md specifies the tensors. Each format has an ETag of its own; ranges are of safetensors alone.`;

export const weightsRoute =
  (jobs: Jobs): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/jobs/:id/weights',
      {
        schema: {
          operationId: 'getWeights',
          summary: 'The trained optimizer',
          description,
          tags: ['results'],
          params: JobParams,
          querystring: Strict({
            format: Type.Optional(
              Choice(['safetensors', 'npz', 'json'], { description: 'In place of `Accept`, for browsers.' }),
            ),
          }),
          response: {
            ...fileAnswers('The weights, and all that it takes to run them.', {
              ...Object.fromEntries([...formats.keys()].map((type) => [type, null])),
              'application/json': Type.Object({}),
            }),
            ...problems('invalid-document', 'not-found', 'not-acceptable', 'not-ready', 'range-not-satisfiable'),
          },
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        reply.header('vary', 'Accept');
        const { type, format } = choose(request, request.query.format);
        const job = await jobs.get(id);
        const as = { type, fileName: `${id}.safetensors` };
        const file = await storedFile(jobs.artifacts, id, artifactNames.weights, as);
        if (file === null) throw notMade(job, 'weights', job.spec.kind === 'metatrain');
        return sendFile(request, reply, format === 'safetensors' ? file : converted(file, format, id));
      },
    );
  };

function choose({ headers }: FastifyRequest, asked: Format | undefined): { type: string; format: Format } {
  const types = [...formats.keys()];
  const type = asked ? types.find((name) => formats.get(name) === asked) : negotiate(headers.accept, types);
  const format = formats.get(type ?? '');
  if (!type || !format)
    throw new ProblemError('not-acceptable', `Accept: ${headers.accept}: weights come as ${types.join(', ')}.`);
  return { type, format };
}

const converters: Readonly<Record<'npz' | 'json', (trained: TrainedOptimizer) => Uint8Array | string>> = {
  npz: toNpz,
  json: toJson,
};

/** The same weights in another format. They are made when they are asked for: a conversion takes milliseconds. */
function converted(file: ServedFile, format: 'npz' | 'json', job: string): ServedFile {
  return {
    ...file,
    etag: `${file.etag}-${format}`,
    fileName: `${job}.${format}`,
    size: null,
    async read() {
      const content = await file.read();
      const bytes = content instanceof Uint8Array ? content : await buffer(content);
      return Buffer.from(converters[format](decodeWeights(bytes)));
    },
  };
}
