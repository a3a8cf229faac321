import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { WebSocket } from 'ws';
import { parse } from 'yaml';
import { encodeWeights } from '../../src/weights/weights.js';
import { lstmSpec, sampleOptimizer } from '../weights/samples.js';
import { streamUrl } from './subscribers.js';
import { type Answer, type RequestOptions, sampleSpec, withApi } from './support.js';

interface Media {
  readonly schema: object;
}
interface Response {
  readonly headers?: Record<string, unknown>;
  readonly content?: Record<string, Media>;
}
interface Operation {
  readonly responses: Record<string, Response>;
}

const api = withApi();
const file = new URL('../../../openapi.yaml', import.meta.url);
const document: { paths: Record<string, Record<string, Operation>> } = parse(await readFile(file, 'utf8'));
const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
ajv.addSchema(document, 'openapi.yaml');

/** Requests for every operation of the document, at least one for each success that it declares. */
async function requests(): Promise<[operation: string, path: string, RequestOptions?][]> {
  const attempt = await api.begin(sampleSpec({ comparison: null }));
  await attempt.append({ type: 'losses', iteration: 0, step: 0, perIteration: 1, points: Float32Array.of(Number.NaN) });
  const weights = encodeWeights(sampleOptimizer(lstmSpec(), 1));
  await api.jobs.artifacts.put(attempt.job, 'weights.safetensors', weights);
  await attempt.succeed();
  const compared = await api.begin();
  await api.jobs.artifacts.put(compared.job, 'results.json', Buffer.from(JSON.stringify(sampleResults())));
  const waiting = await api.submit();
  const ended = await api.submit();
  await api.jobs.cancel(ended.id);
  const { job } = attempt;
  const { job: other } = compared;
  const range = { headers: { range: 'bytes=0-7' } };
  const known = { headers: { 'if-none-match': '*' } };
  const headers = { 'idempotency-key': 'contract' };
  const upload = { body: weights, headers: { ...headers, 'content-type': 'application/vnd.safetensors' } };
  return [
    ['post /optimizers', '/optimizers', { body: { name: 'contract', job } }],
    ['post /optimizers', '/optimizers?name=contract', upload],
    ['post /optimizers', '/optimizers?name=contract', upload],
    ['post /optimizers', '/optimizers?name=other', upload],
    ['post /optimizers', '/optimizers', upload],
    ['post /optimizers', '/optimizers?name=contract', { body: weights.subarray(1), headers: upload.headers }],
    ['get /optimizers', '/optimizers?name=contract'],
    ['get /optimizers', '/optimizers?cursor=nonsense'],
    ['get /optimizers/{name}/{version}', '/optimizers/contract/2'],
    ['get /optimizers/{name}/{version}', '/optimizers/contract/3'],
    ...['safetensors', 'npz', 'json'].map((format): [string, string] => [
      'get /optimizers/{name}/{version}/weights',
      `/optimizers/contract/1/weights?format=${format}`,
    ]),
    ['get /optimizers/{name}/{version}/weights', '/optimizers/contract/1/weights', range],
    ['get /optimizers/{name}/{version}/weights', '/optimizers/contract/1/weights', known],
    ['delete /optimizers/{name}/{version}', '/optimizers/contract/2'],
    ['delete /optimizers/{name}/{version}', '/optimizers/contract/2'],
    ['post /jobs', '/jobs', { body: sampleSpec(), headers }],
    ['post /jobs', '/jobs', { body: sampleSpec(), headers }],
    ['post /jobs', '/jobs', { body: sampleSpec({ seed: 9 }), headers }],
    ['post /jobs', '/jobs?dryRun=true', { body: sampleSpec() }],
    ['post /jobs', '/jobs?dryRun=maybe', { body: sampleSpec() }],
    ['post /jobs', '/jobs', { body: {} }],
    ['post /jobs', '/jobs', { body: '{' }],
    ['get /jobs', '/jobs?limit=2'],
    ['get /jobs', '/jobs?limit=0'],
    ['get /jobs', '/jobs?fields=summary'],
    ['get /events', `/events?jobs=${job},${waiting.id}`, { until: '}\n\n' }],
    ['get /jobs/{id}', `/jobs/${job}`],
    ['get /jobs/{id}', `/jobs/${waiting.id}`],
    ['get /jobs/{id}', '/jobs/unknown'],
    ['post /jobs/{id}/cancel', `/jobs/${waiting.id}/cancel`],
    ['post /jobs/{id}/cancel', `/jobs/${job}/cancel`],
    ['delete /jobs/{id}', `/jobs/${ended.id}`],
    ['delete /jobs/{id}', `/jobs/${other}`],
    ['get /jobs/{id}/losses', `/jobs/${job}/losses`],
    ['get /jobs/{id}/events', `/jobs/${job}/events`],
    ['get /jobs/{id}/events', `/jobs/${job}/events?cursor=${await lastCursor(job)}`],
    ['get /jobs/{id}/events', `/jobs/${job}/events?cursor=nonsense`],
    ['get /jobs/{id}/stream', `/jobs/${job}/stream`],
    ...['safetensors', 'npz', 'json'].map((format): [string, string] => [
      'get /jobs/{id}/weights',
      `/jobs/${job}/weights?format=${format}`,
    ]),
    ['get /jobs/{id}/weights', `/jobs/${job}/weights`, range],
    ['get /jobs/{id}/weights', `/jobs/${job}/weights`, known],
    ['get /jobs/{id}/weights', `/jobs/${other}/weights`],
    ['get /jobs/{id}/results', `/jobs/${other}/results`],
    ['get /jobs/{id}/results', `/jobs/${other}/results`, range],
    ['get /jobs/{id}/results', `/jobs/${other}/results`, known],
    ['get /jobs/{id}/results', `/jobs/${job}/results`],
    ['get /jobs/{id}/artifacts', `/jobs/${job}/artifacts`],
    ['get /jobs/{id}/artifacts/{name}', `/jobs/${job}/artifacts/weights.safetensors`],
    ['get /jobs/{id}/artifacts/{name}', `/jobs/${job}/artifacts/weights.safetensors`, range],
    ['get /jobs/{id}/artifacts/{name}', `/jobs/${job}/artifacts/weights.safetensors`, known],
    ['get /', '/'],
    ['get /', '/', { headers: { accept: 'text/html' } }],
    ['get /catalogue', '/catalogue'],
    ['get /healthz', '/healthz'],
    ['get /readyz', '/readyz'],
    ['get /openapi.yaml', '/openapi.yaml'],
  ];
}

test('every route of openapi.yaml responds as declared', async () => {
  const seen = new Map<string, Set<string>>();
  for (const [operation, path, options] of await requests()) {
    const [method = '', template = ''] = operation.split(' ');
    const answer = await api.request(method.toUpperCase(), path, options);
    check(operation, document.paths[template]?.[method], answer, path.includes('dryRun=true') ? ['Location'] : []);
    seen.set(operation, (seen.get(operation) ?? new Set()).add(String(answer.status)));
  }
  for (const [template, operations] of Object.entries(document.paths))
    for (const [method, { responses }] of Object.entries(operations)) {
      const successes = Object.keys(responses).filter((status) => /^[23]/.test(status));
      for (const status of successes)
        assert(
          seen.get(`${method} ${template}`)?.has(status),
          `${method} ${template} was not seen to answer ${status}`,
        );
    }
});

test('WebSocket messages match openapi.yaml', async () => {
  const attempt = await api.begin();
  const socket = new WebSocket(streamUrl(api.url, attempt.job, null));
  const messages: unknown[] = [];
  socket.on('message', (data) => messages.push(JSON.parse(String(data))));
  const engine = { engine: 'tfjs', backend: 'wasm', version: '4.22.0', instructionSet: 'wasm-simd', threads: 1 };
  await attempt.append({ type: 'started', engine, coordinates: 1, weights: 2, iterations: 3, unroll: 1 });
  await attempt.append({ type: 'losses', iteration: 0, step: 0, perIteration: 1, points: Float32Array.of(Number.NaN) });
  await attempt.append({ type: 'validation', iteration: 1, best: true, loss: Number.POSITIVE_INFINITY });
  await attempt.append({
    type: 'health',
    iteration: 1,
    verdict: 'not yet',
    message: 'Not learning yet.',
    gradientNorm: null,
    clipped: 0.5,
    updateSize: Number.NaN,
    signAgreement: null,
    saturation: 0,
    diverged: 1,
  });
  await attempt.append({ type: 'progress', phase: 'tuning', done: 1, total: 2 });
  await attempt.append({ type: 'diverged', iteration: 1, where: 'loss', step: null, message: 'The loss is NaN.' });
  await attempt.append({ type: 'comparison', results: sampleResults() });
  await attempt.append({ type: 'done', iterations: 3, bestIteration: null });
  await attempt.succeed();
  await once(socket, 'close');
  const types = new Set(messages.map((message) => (message as { type: string }).type));
  assert.deepEqual([...types].sort(), [
    'comparison',
    'diverged',
    'done',
    'health',
    'losses',
    'progress',
    'started',
    'state',
    'validation',
  ]);
  for (const message of messages)
    assertValid('JobEvent', { $ref: 'openapi.yaml#/components/schemas/JobEvent' }, message);
});

/** @param optional declared headers that this answer does not have */
function check(operation: string, declared: Operation | undefined, answer: Answer, optional: string[]): void {
  const name = `${operation}: ${answer.status}`;
  assert(declared, `${operation} is not in the document`);
  const response = declared.responses[answer.status];
  assert(response, `${name} is not declared`);
  for (const header of Object.keys(response.headers ?? {}))
    assert(answer.headers.has(header) !== optional.includes(header), `${name}: ${header}`);
  if (!response.content) {
    assert.equal(answer.bytes.length, 0, name);
    return;
  }
  const type = answer.headers.get('content-type')?.split(';')[0] ?? '';
  const media = response.content[type];
  assert(media, `${name}: ${type} is not declared`);
  if (type === 'text/event-stream') {
    const { schema } = media;
    const each = 'type' in schema ? { $ref: 'openapi.yaml#/components/schemas/JobEvent' } : absolute(schema);
    const documents = [...answer.bytes.toString().matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data!));
    for (const document of documents) assertValid(name, each, document);
  }
  // Part of a document is not a valid document.
  if (/json/.test(type) && answer.status !== 206) assertValid(name, absolute(media.schema), answer.json());
}

function assertValid(name: string, schema: object, value: unknown): void {
  const validate = ajv.compile(schema);
  assert(validate(value), `${name}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(value).slice(0, 500)}`);
}

test('the check can fail', () => {
  const event = { $ref: 'openapi.yaml#/components/schemas/JobEvent' };
  assert.throws(() => assertValid('event', event, { job: 'j', attempt: 1, seq: 1, time: 1, type: 'nonsense' }));
});

function absolute(schema: object): object {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"openapi.yaml#/'));
}

async function lastCursor(job: string): Promise<string> {
  let cursor = '';
  for await (const { attempt, seq } of await api.jobs.subscribe(job, null)) cursor = `${attempt}.${seq}`;
  return cursor;
}

function sampleResults() {
  const { problem } = sampleSpec();
  const estimate = { value: 4, low: 3, high: 'Infinity' as const };
  const curve = { mean: [2, 1, 'NaN' as const], quantiles: [{ probability: 0.5, values: [2, 1, 1] }] };
  const common = {
    tuning: null,
    sum: estimate,
    sumDeviation: 1,
    sumMedian: 4,
    final: estimate,
    finalMedian: 1,
    log10MeanFinal: estimate,
    tail: estimate,
    tailMedian: 4,
    curve,
  };
  return {
    problem,
    seed: 1,
    steps: 2,
    functions: 10,
    resamples: 100,
    optimizers: [
      { label: 'LSTM', rule: null, ...common, versus: null },
      {
        label: 'SGD',
        rule: { name: 'sgd' as const, learningRate: 0.1 },
        ...common,
        versus: {
          winRate: 0.75,
          sumDifference: estimate,
          finalWinRate: 0.5,
          finalDifference: estimate,
          tailWinRate: 0.5,
          tailDifference: estimate,
          stepsSaved: { mean: 3, median: null },
        },
      },
    ],
  };
}
