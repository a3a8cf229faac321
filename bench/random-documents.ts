import { parseJobSpec } from '../src/contract/validate.js';
import { encodeSafetensors } from '../src/weights/safetensors.js';
import { weightShapes } from '../src/weights/shapes.js';

/** A request's body, as somebody may send it to POST /jobs or, as a file of weights, to POST /optimizers. */
export interface RandomBody {
  readonly kind: 'document' | 'upload';
  readonly what: string;
  readonly bytes: Buffer;
}

/** Bytes of a body at most. */
const limit = 2 ** 20;

/** Documents and uploads below 1 MiB, nested and wide, right and wrong: the same for the same seed. */
export function* randomBodies(count: number, seed: number): Generator<RandomBody> {
  const random = new Draw(seed);
  for (let i = 0; i < count; i++) {
    const kind = random.chance(0.3) ? 'upload' : 'document';
    const [what, body] = kind === 'document' ? documentBody(random) : uploadBody(random);
    yield { kind, what, bytes: body.subarray(0, limit - 1) };
  }
}

type Json = Record<string, unknown>;

/** Numbers of mulberry32. */
class Draw {
  constructor(private state: number) {}

  /** In [0, 1). */
  unit(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  chance(probability: number): boolean {
    return this.unit() < probability;
  }

  /** From 1 to `most`, as many below √most as above. */
  size(most: number): number {
    return Math.floor(most ** this.unit());
  }

  of<T>(items: readonly T[]): T {
    return items[Math.floor(this.unit() * items.length)]!;
  }
}

function documentBody(random: Draw): [string, Buffer] {
  const [what, document] = documentOf(random);
  const text = JSON.stringify(document);
  if (random.chance(0.05)) return [`${what}, cut`, Buffer.from(text.slice(0, text.length * random.unit()))];
  return [what, Buffer.from(text)];
}

const lstm = { name: 'lstm', layers: [3] };
const least: Json = { kind: 'metatrain', problem: { name: 'parabola' }, optimizer: lstm };
const junk = [{}, [], null, 0, -1, 1e300, '', 'x', true, { name: 'sgd' }, { name: 1 }, { problem: {} }, [[]]];

function documentOf(random: Draw): [string, unknown] {
  const many = random.size(200_000);
  const list = () =>
    random.chance(0.5) ? Array.from({ length: many }, () => random.of(junk)) : Array(many).fill(random.of(junk));
  return random.of<() => [string, unknown]>([
    () => ['a nested problem', { ...least, problem: nested(random, random.size(7)) }],
    () => ['a right job', rightJob(random)],
    () => ['baselines', { ...least, comparison: { baselines: list() } }],
    () => ['curriculum', { ...least, training: { curriculum: list() } }],
    () => ['metaLoss', { ...least, training: { metaLoss: list() } }],
    () => ['labels', { ...least, labels: list().map((_, i) => (random.chance(0.9) ? `l${i}` : 0)) }],
    () => ['members', { ...least, problem: { name: 'ensemble', members: list() } }],
    () => ['groups', { ...least, optimizer: { name: 'groups', groups: list() } }],
    () => ['unknown fields', { ...least, ...Object.fromEntries(list().map((value, i) => [`f${i}`, value])) }],
    () => ['a long string', { ...least, [random.of(['title', 'kind', 'x'])]: '\\"é'.repeat(many) }],
    () => [
      'arrays within arrays',
      JSON.parse(`${'['.repeat(Math.min(many, 2000))}${']'.repeat(Math.min(many, 2000))}`),
    ],
    () => ['patterns', patterns(random)],
    () => ['a list', list()],
  ])();
}

function rightJob(random: Draw): Json {
  const problem = random.of<Json>([
    { name: 'quadratic', dimension: random.size(512) },
    { name: 'mnist', hidden: [random.size(64)] },
    { name: 'noisy', problem: { name: 'simple' }, deviation: random.unit() },
    { name: 'ensemble' },
  ]);
  const training = { iterations: random.size(1e6), learningRate: random.unit() + 1e-6, functions: random.size(100) };
  return { ...least, seed: random.size(1e9), problem, training, comparison: random.chance(0.5) ? null : {} };
}

function nested(random: Draw, depth: number): Json {
  if (depth <= 1) return random.chance(0.5) ? { name: 'ensemble' } : { name: 'simple' };
  if (random.chance(0.2)) return { name: 'noisy', problem: nested(random, depth - 1) };
  const width = random.size(depth > 5 ? 4 : 9);
  return { name: 'ensemble', members: Array.from({ length: width }, () => ({ problem: nested(random, depth - 1) })) };
}

/** Thousands of parameters, and a thousand patterns for them. */
function patterns(random: Draw): Json {
  const wide = { name: 'simple-multi', dimension: random.size(512) };
  const members = (count: number, problem: Json) => Array.from({ length: count }, () => ({ problem }));
  const half = { name: 'ensemble', members: members(random.size(8), wide) };
  const pattern = () => `${random.of(['member1/', 'member2/', 'm', 'wrong'])}${random.of(['', 'member1/x_', 'x_'])}`;
  const own = (g: number) =>
    Array.from({ length: random.size(66) }, (_, i) => `${pattern()}${random.chance(0.5) ? g : i}*`);
  const groups = Array.from({ length: random.size(17) }, (_, g) => ({
    name: random.of(['g', '..', 'a/b', '.x']) + g,
    parameters: random.chance(0.1) ? ['*'] : own(g),
    optimizer: random.of<Json>([lstm, { name: 'sgd', learningRate: 0.1 }, { name: 'sgd' }]),
  }));
  return { ...least, problem: { name: 'ensemble', members: members(2, half) }, optimizer: { name: 'groups', groups } };
}

const trained = parseJobSpec({ ...least, problem: { name: 'simple' } });
const tensors =
  trained.kind === 'metatrain'
    ? weightShapes(trained.optimizer, trained.problem).map(({ name, shape }) => {
        const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
        return { name, shape, data };
      })
    : [];
const metadata = {
  format: 'metadescent/1',
  gateOrder: 'input,forget,cell,output',
  optimizer: JSON.stringify(lstm),
};

function uploadBody(random: Draw): [string, Buffer] {
  const [what, document] = documentOf(random);
  const { problem, training, optimizer } = (Array.isArray(document) ? {} : document) as Json;
  const file = (strings: Json, more: typeof tensors = []) => {
    const given = Object.entries({ ...metadata, ...strings }).filter(([, text]) => text !== undefined);
    return Buffer.from(encodeSafetensors([...tensors, ...more], Object.fromEntries(given) as Record<string, string>));
  };
  return random.of<() => [string, Buffer]>([
    () => [`a file, its problem: ${what}`, file({ problem: JSON.stringify(problem) })],
    () => [`a file, its training: ${what}`, file({ training: JSON.stringify(training ?? document) })],
    () => [`a file, its optimizer: ${what}`, file({ optimizer: JSON.stringify(optimizer ?? document) })],
    () => [`a file, a note: ${what}`, file({ note: JSON.stringify(document) })],
    () => [
      'a file of many tensors',
      file(
        {},
        Array.from({ length: random.size(9000) }, (_, i) => ({ name: `t${i}`, shape: [1], data: Float32Array.of(i) })),
      ),
    ],
    () => [
      'a file with a large tensor',
      file({}, [{ name: 'large', shape: [200_000], data: new Float32Array(200_000).fill(random.unit()) }]),
    ],
    () => [`no file: ${what}`, headed(JSON.stringify(document))],
    () => ['half a file', file({}).subarray(0, random.size(900))],
    () => ['a right file', file({})],
  ])();
}

/** A safetensors header of this text, and no more. */
function headed(text: string): Buffer {
  const json = Buffer.from(text);
  const bytes = Buffer.alloc(8 + json.length);
  bytes.writeBigUInt64LE(BigInt(json.length));
  json.copy(bytes, 8);
  return bytes;
}
