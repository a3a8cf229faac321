import { parseJobSpec } from '../../src/contract/validate.js';

/** A request body that POST /jobs must refuse. */
export interface Malformed {
  readonly name: string;
  readonly body: string | Buffer;
  readonly contentType?: string;
  /** JSON Pointer to the invalid field, if it is a field. */
  readonly pointer?: string;
}

const comparison = { tuning: { measures: ['sum'] } };
const documents = [
  {
    kind: 'metatrain',
    title: 'A title',
    labels: ['a'],
    problem: { name: 'quadratic' },
    optimizer: { name: 'lstm', inputProjection: 5, preprocess: { name: 'log-sign-paper' } },
    training: {
      clipNorm: 1,
      randomScaling: 1,
      imitation: { rule: { name: 'momentum', learningRate: 0.1 } },
      validation: { horizon: 20, patience: 3 },
    },
    comparison: {
      tuning: { measures: ['sum'] },
      baselines: [
        { name: 'rmsprop', learningRate: 0.1 },
        { name: 'adam', learningRate: 0.1 },
      ],
    },
  },
  { kind: 'compare', problem: { name: 'parabola' }, optimizer: { job: 'j00000000000000000' }, comparison },
  { kind: 'compare', problem: { name: 'parabola' }, optimizer: { name: 'a', version: 1 }, comparison },
].map((document) => parseJobSpec(document));

const nullable = new Set([
  '/optimizer/inputProjection',
  '/training/clipNorm',
  '/training/randomScaling',
  '/training/imitation',
  '/training/validation/horizon',
  '/training/validation/patience',
  '/comparison',
  '/comparison/tuning/measures',
]);

/** Wrong values for every field of complete documents, wrong sizes, and bodies that are not documents. */
export function malformedDocuments(): Malformed[] {
  return [...documents.flatMap((document) => [...wrongValues(document)]), ...tooLarge(), ...notDocuments()];
}

function* wrongValues(document: object): Generator<Malformed> {
  for (const { pointer, value } of places(document, '')) {
    const replaced = (json: string, at = pointer): Malformed => ({
      name: `${pointer || 'the document'} is ${json.slice(0, 60)}`,
      body: withJson(document, pointer, json),
      pointer: at,
    });
    const wrong = wrongJson(value).filter((json) => !(json === 'null' && isNullable(document, pointer)));
    for (const json of wrong) yield replaced(json);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) continue;
    for (const key of ['extra', '__proto__', 'constructor', 'toString']) {
      const fields = JSON.stringify(value).slice(1, -1);
      yield replaced(`{${fields ? `${fields},` : ''}"${key}":{"polluted":true}}`, `${pointer}/${key}`);
    }
  }
}

function isNullable(document: object, pointer: string): boolean {
  return nullable.has(pointer) && ('training' in document || pointer !== '/comparison');
}

/** JSON that is not allowed in place of the value. */
function wrongJson(value: unknown): string[] {
  if (typeof value === 'number')
    return [`"${value}"`, '"NaN"', 'true', 'null', `[${value}]`, '{}', '1e300', '-1e300', '1e999'];
  if (typeof value === 'string')
    return [value === 'tuned' ? 'true' : '5', 'null', 'false', '["x"]', '{}', '"\\ud800"', '""'];
  if (Array.isArray(value)) return ['5', 'null', '"x"', '{"0":1,"length":1}'];
  return ['5', 'null', '"x"', '[]', 'true'];
}

function* places(value: unknown, pointer: string): Generator<{ pointer: string; value: unknown }> {
  yield { pointer, value };
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) yield* places(inner, `${pointer}/${key}`);
}

/** The document as JSON, with one value replaced. */
function withJson(document: object, pointer: string, json: string): string {
  if (pointer === '') return json;
  const mark = '@here@';
  const copy = structuredClone(document) as Record<string, unknown>;
  const keys = pointer.split('/').slice(1);
  const last = keys.pop()!;
  let place = copy;
  for (const key of keys) place = place[key] as Record<string, unknown>;
  place[last] = mark;
  return JSON.stringify(copy).replace(`"${mark}"`, () => json);
}

function* tooLarge(): Generator<Malformed> {
  const base = { kind: 'metatrain', problem: { name: 'parabola' }, optimizer: { name: 'lstm' } };
  const cases: [string, object][] = [
    ['/optimizer/layers', { optimizer: { name: 'lstm', layers: Array(8).fill(1024) } }],
    ['/optimizer/layers', { optimizer: { name: 'lstm', layers: Array(9).fill(1) } }],
    ['/training/functions', { problem: { name: 'parabola', dimension: 100_000 }, training: { functions: 65_536 } }],
    ['/training/functions', { training: { functions: 65_536, unroll: 1000, horizon: 1000 } }],
    ['/training/unroll', { training: { horizon: 10, unroll: 20 } }],
    ['/training/metaLoss', { training: { metaLoss: [1, 1] } }],
    ['/training/metaLoss', { training: { metaLoss: Array(21).fill(0) } }],
    ['/training/metaLoss', { training: { metaLoss: Array(2000).fill(1) } }],
    ['/training/metaLoss', { training: { horizon: 1, unroll: 1 } }],
    ['/training/validation/measure', { training: { validation: { horizon: 1 } } }],
    ['/comparison/functions', { comparison: { functions: 10_000_000, steps: 100_000 } }],
    ['/comparison/baselines', { comparison: { baselines: Array(33).fill({ name: 'sgd' }) } }],
    ['/labels', { labels: ['a', 'a'] }],
    ['/labels', { labels: Array.from({ length: 17 }, (_, i) => `${i}`) }],
    ['/labels/0', { labels: ['a b'] }],
    ['/labels/0', { labels: ['x'.repeat(65)] }],
    ['/title', { title: 'x'.repeat(201) }],
    ['/training/learningRate', { training: { learningRate: 0 } }],
  ];
  for (const [pointer, fields] of cases) {
    const body = JSON.stringify({ ...base, ...fields });
    yield { name: `too much: ${body.slice(0, 120)}`, body, pointer };
  }
}

function* notDocuments(): Generator<Malformed> {
  const good = JSON.stringify(documents[0]);
  const texts = [
    '',
    ' ',
    'NaN',
    '{',
    '{"seed":NaN}',
    '{"seed":Infinity}',
    "{'kind':'metatrain'}",
    `${good},`,
    good + good,
  ];
  for (const body of [...texts, good.slice(0, -1), `/* */${good}`, `\ufeff${good}`, `{"title":"\t"}`, '{"seed":01}'])
    yield { name: `not JSON: ${JSON.stringify(body.slice(0, 40))}`, body };
  yield { name: 'UTF-16', body: Buffer.from(good, 'utf16le') };
  yield { name: 'bytes that are not UTF-8', body: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]) };
  yield { name: 'too many bytes', body: good + ' '.repeat(2 ** 20) };
  yield { name: 'a key that is half of a surrogate pair', body: '{"\\udc00":1}' };
  for (const depth of [33, 1000, 200_000]) {
    yield { name: `${depth} arrays`, body: '['.repeat(depth) + ']'.repeat(depth) };
    yield { name: `${depth} objects`, body: `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}` };
    yield {
      name: `${depth} arrays in labels`,
      body: withJson(documents[0]!, '/labels', '['.repeat(depth) + ']'.repeat(depth)),
    };
  }
  for (const contentType of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'nonsense',
  ])
    yield { name: `a document sent as ${contentType}`, body: good, contentType };
}
