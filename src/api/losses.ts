import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { stagesOf, stepOf } from '../contract/curriculum.js';
import { ApiError } from '../contract/errors.js';
import type { Job } from '../contract/job.js';
import { LossSeries, toCell } from '../contract/losses.js';
import { LossesQuery } from '../contract/queries.js';
import { Choice, Strict } from '../contract/schema.js';
import { Type } from '../contract/type.js';
import type { Jobs, LossPoints } from '../jobs/jobs.js';
import { negotiate } from './negotiate.js';
import { binary } from './schemas.js';

/** The forms of GET /jobs/{id}/losses: its content types, the default first. */

/** Bytes of a piece of the response, about. */
const pieceBytes = 1 << 16;

type Format = 'json' | 'csv' | 'fp32';

const formats: Readonly<Record<Format, string>> = {
  json: 'application/json',
  csv: 'text/csv',
  fp32: 'application/octet-stream',
};

export const LossFormsQuery = Strict({
  ...LossesQuery.properties,
  format: Type.Optional(Choice(['json', 'csv', 'fp32'], { description: 'Overrides `Accept`, for browsers.' })),
});

export const lossesDescription = `As JSON, in buckets by default; \`Accept\` or \`format\` chooses every point, as CSV (\`text/csv\`) or packed
(\`application/octet-stream\`), to which \`points\` does not apply. Where attempts overlap, the latest one counts.`;

/** The response of each form, in OpenAPI's form. */
export const lossesResponse = {
  description: 'JSON: a summary of each bucket. CSV, packed: every point.',
  headers: { 'Content-Disposition': Type.String({ description: 'A file name.' }) },
  content: {
    [formats.json]: { schema: LossSeries },
    [formats.csv]: {
      schema: Type.String({
        description:
          'A header, then a line per point: `iteration,step,loss`. The step is that within the horizon, from 0. A loss may be NaN, Infinity or -Infinity.',
      }),
    },
    [formats.fp32]: {
      schema: Type.Unsafe<Uint8Array>({ ...binary, description: 'Losses as little-endian 32-bit floats.' }),
    },
  },
};

type LossesRequest = FastifyRequest<{ Params: { id: string }; Querystring: LossesQuery & { format?: Format } }>;

/** Sends the losses in the requested form. @throws ApiError `invalid-document`, `not-acceptable`, `not-found`. */
export async function sendLosses(jobs: Jobs, request: LossesRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { format: asked, ...query } = request.query;
  const { id } = request.params;
  const { from = 0, to = from } = query;
  if (to < from) throw new ApiError('invalid-document', `to: found ${to}, allowed: at least ${from}, as \`from\`.`);
  reply.header('vary', 'Accept');
  const format = asked ?? choose(request.headers.accept);
  const disposition = (kind: string, extension: string) =>
    reply.header('content-disposition', `${kind}; filename="${id}-losses.${extension}"`);
  if (format === 'json') {
    const series = await jobs.losses(id, query);
    return disposition('inline', 'json').send(series);
  }
  const job = await jobs.get(id);
  const points = await jobs.lossPoints(id, query);
  const encoded = format === 'csv' ? toCsv(job, points) : toFloats(points);
  return disposition('attachment', format === 'csv' ? 'csv' : 'f32')
    .type(formats[format])
    .send(Readable.from(request.method === 'HEAD' ? [] : together(encoded), { objectMode: false }));
}

function choose(accept: string | undefined): Format {
  const types = Object.values(formats);
  const type = negotiate(accept, types);
  const found = (Object.keys(formats) as Format[]).find((format) => formats[format] === type);
  if (found) return found;
  throw new ApiError('not-acceptable', `Accept: ${accept}: losses are available as ${types.join(', ')}.`);
}

async function* toCsv({ spec }: Job, runs: AsyncIterable<LossPoints>): AsyncGenerator<Uint8Array> {
  yield Buffer.from('iteration,step,loss\n');
  if (spec.kind !== 'metatrain') return;
  const stages = stagesOf(spec.training);
  for await (const { iteration, perIteration, points } of runs) {
    let text = '';
    for (let first = 0; first < points.length; first += perIteration) {
      const number = iteration + first / perIteration;
      const step = stepOf(stages, number);
      const end = Math.min(first + perIteration, points.length);
      for (let p = first; p < end; p++) text += `${number},${step + p - first},${toCell(points[p]!)}\n`;
      if (text.length < pieceBytes) continue;
      yield Buffer.from(text);
      text = '';
    }
    yield Buffer.from(text);
  }
}

async function* toFloats(runs: AsyncIterable<LossPoints>): AsyncGenerator<Uint8Array> {
  for await (const { points } of runs) yield Buffer.from(points.buffer, points.byteOffset, points.byteLength);
}

/** The same bytes in pieces that are worth a write, between which other requests get their turn. */
async function* together(parts: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of parts) {
    held.push(part);
    bytes += part.length;
    if (bytes < pieceBytes) continue;
    yield held.length === 1 ? part : Buffer.concat(held);
    held = [];
    bytes = 0;
    await setImmediate();
  }
  yield Buffer.concat(held);
}
