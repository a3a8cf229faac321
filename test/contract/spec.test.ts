import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JobSpec, MetatrainSpec } from '../../src/contract/spec.js';
import { JobSpec as JobSpecSchema } from '../../src/contract/spec.js';
import { parseJobSpec } from '../../src/contract/validate.js';

const minimal = { kind: 'metatrain', problem: { name: 'parabola' }, optimizer: { name: 'lstm' } };

function metatrain(document: unknown): MetatrainSpec {
  const spec = parseJobSpec(document);
  assert.ok(spec.kind === 'metatrain');
  return spec;
}

describe('a job’s document', () => {
  it('with only the required fields is filled in to this', () => {
    assert.deepEqual(parseJobSpec(minimal), {
      kind: 'metatrain',
      labels: [],
      seed: 1,
      maxAttempts: 2,
      engine: { name: 'auto', backend: 'auto' },
      problem: { name: 'parabola', dimension: 10 },
      optimizer: {
        name: 'lstm',
        layers: [20, 20],
        over: 'coordinate',
        inputProjection: null,
        preprocess: { name: 'none' },
        outputScale: 1,
        initialisation: { kernels: 'truncated-normal', output: 'kernels', forgetBias: 1 },
      },
      training: {
        iterations: 1000,
        horizon: 20,
        unroll: 20,
        curriculum: [],
        functions: 1,
        learningRate: 1e-3,
        schedule: { name: 'constant', warmup: 0 },
        clipNorm: null,
        metaLoss: 'sum',
        objective: 'loss',
        randomScaling: null,
        imitation: null,
        secondDerivatives: 'dropped',
        validation: { every: 100, functions: 256, horizon: null, measure: 'sum', patience: null },
      },
      comparison: {
        functions: 2048,
        steps: 20,
        baselines: [
          { name: 'sgd', learningRate: 'tuned' },
          { name: 'adam', learningRate: 'tuned', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
        ],
        tuning: {
          functions: 2048,
          measure: 'sum',
          measures: null,
          ratio: 10 ** (1 / 8),
          points: 17,
          parameters: {},
          examples: 'training',
        },
        resamples: 1000,
      },
    } satisfies JobSpec);
  });

  it('fills in the defaults of every variant that a field may be', () => {
    const preprocess = (name: string) => {
      const { optimizer } = metatrain({ ...minimal, optimizer: { name: 'lstm', preprocess: { name } } });
      return optimizer.name === 'lstm' ? optimizer.preprocess : undefined;
    };
    assert.deepEqual(preprocess('log-sign-paper'), { name: 'log-sign-paper', p: 10 });
    assert.deepEqual(preprocess('log-sign-deepmind'), { name: 'log-sign-deepmind', k: 5 });
    const quadratic = { name: 'quadratic', dimension: 10, distribution: 'normal' };
    assert.deepEqual(metatrain({ ...minimal, problem: { name: 'quadratic' } }).problem, quadratic);
    const names = ['sgd', 'momentum', 'nag', 'rmsprop', 'adagrad', 'adam'];
    const { comparison } = metatrain({ ...minimal, comparison: { baselines: names.map((name) => ({ name })) } });
    assert.deepEqual(comparison?.baselines, [
      { name: 'sgd', learningRate: 'tuned' },
      { name: 'momentum', learningRate: 'tuned', momentum: 0.9 },
      { name: 'nag', learningRate: 'tuned', momentum: 0.9 },
      { name: 'rmsprop', learningRate: 'tuned', decay: 0.99, epsilon: 1e-5 },
      { name: 'adagrad', learningRate: 'tuned', epsilon: 1e-10 },
      { name: 'adam', learningRate: 'tuned', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
    ]);
  });

  it('fills in the rule that is imitated', () => {
    const rule = { name: 'adam', learningRate: 0.1 };
    const { training } = metatrain({ ...minimal, training: { imitation: { rule } } });
    const adam = { ...rule, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
    assert.deepEqual(training.imitation, { rule: adam, iterations: 100 });
  });

  it('has the defaults that its schema documents', () => {
    const spec = parseJobSpec(minimal);
    let checked = 0;
    /** Compares each documented scalar or list default below a schema with what was filled in. */
    const walk = (schema: unknown, filled: unknown, path: string): void => {
      for (const [name, property] of Object.entries(propertiesOf(schema, filled))) {
        const value = (filled as Record<string, unknown>)[name];
        const documented = property.default;
        if (documented !== undefined && !isEmptyObject(documented) && !isRuleList(documented)) {
          if (name in (filled as object)) assert.deepEqual(value, documented, `${path}/${name}`);
          checked++;
        }
        if (typeof value === 'object' && value !== null && !Array.isArray(value))
          walk(property, value, `${path}/${name}`);
      }
    };
    walk(JobSpecSchema, spec, '');
    assert.ok(checked > 30, `${checked} defaults found`);
  });

  it('is copied: the input does not change, and shares nothing with the output', () => {
    const document = structuredClone(minimal);
    const spec = parseJobSpec(document);
    assert.deepEqual(document, minimal);
    assert.notEqual(spec.problem, document.problem);
  });

  it('parses to itself once complete', () => {
    const spec = parseJobSpec({ ...minimal, comparison: { baselines: [{ name: 'nag', learningRate: 0.1 }] } });
    assert.deepEqual(parseJobSpec(JSON.parse(JSON.stringify(spec))), spec);
  });

  it('may leave the comparison out with null, and a bare comparison names a job', () => {
    assert.equal(parseJobSpec({ ...minimal, comparison: null }).comparison, null);
    const compare = parseJobSpec({ kind: 'compare', problem: { name: 'simple' }, optimizer: { job: 'x1' } });
    assert.deepEqual(compare.optimizer, { job: 'x1' });
    assert.equal(compare.comparison?.functions, 2048);
  });

  it('may validate on another problem, which the optimizer must fit too', () => {
    const validated = (problem: object, optimizer: object) =>
      metatrain({ ...minimal, optimizer, training: { validation: { problem } } }).training.validation.problem;
    assert.deepEqual(validated({ name: 'parabola' }, { name: 'lstm' }), { name: 'parabola', dimension: 10 });
    const own = { name: 'all', parameters: ['x'], optimizer: { name: 'lstm' } };
    assert.throws(
      () => validated({ name: 'mnist' }, { name: 'groups', groups: [own] }),
      /\/training\/validation\/problem: found "x", allowed: names/,
    );
    const nested = (depth: number): object =>
      depth === 0 ? { name: 'parabola' } : { name: 'noisy', deviation: 1, problem: nested(depth - 1) };
    assert.throws(() => validated(nested(9), { name: 'lstm' }), /\/training\/validation\/problem: .*nested at most/);
  });
});

type Schema = { properties?: Record<string, Schema>; oneOf?: Schema[]; default?: unknown; const?: unknown };

/** The properties of a schema, or of that variant of a union whose constants the value has. */
function propertiesOf(schema: unknown, value: unknown): Record<string, Schema> {
  const { properties, oneOf } = schema as Schema;
  if (!oneOf) return properties ?? {};
  const matches = ({ properties = {} }: Schema) =>
    Object.entries(properties).every(
      ([k, p]) => p.const === undefined || p.const === (value as Record<string, unknown>)[k],
    );
  return oneOf.find(matches)?.properties ?? {};
}

function isEmptyObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
}

/** Rules in a default are themselves filled in further. */
function isRuleList(value: unknown): boolean {
  return Array.isArray(value) && value.some((v) => typeof v === 'object');
}
