import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { catalogue } from '../../src/contract/catalogue.js';
import { engineContract } from '../../src/contract/engines.js';
import { ApiError, ErrorDocument, errorCodes, type FieldError } from '../../src/contract/errors.js';
import { checkSize } from '../../src/contract/limits.js';
import { coordinates } from '../../src/contract/problems.js';
import { compile, parseJobSpec } from '../../src/contract/validate.js';
import { lstmSpec } from '../weights/samples.js';

const minimal = { kind: 'metatrain', problem: { name: 'parabola' }, optimizer: { name: 'lstm' } };
type Document = Record<string, unknown>;

/** However many there are. */
const problems = catalogue.problems.map(({ name }) => `"${name}"`).join(', ');

/** The errors of a document, which must be refused. */
function refused(document: unknown): ApiError {
  try {
    parseJobSpec(document);
  } catch (error) {
    assert.ok(error instanceof ApiError, String(error));
    assert.equal(error.code, 'invalid-document');
    assert.equal(error.status, 400);
    assert.ok(error.errors.length > 0);
    return error;
  }
  throw new Error(`accepted ${JSON.stringify(document)?.slice(0, 200)}`);
}

const training = (fields: Document) => ({ ...minimal, training: fields });
const rules = (count: number) => ({ baselines: Array(count).fill({ name: 'sgd', learningRate: 0.1 }) });
const comparison = (fields: Document) => ({ ...minimal, comparison: fields });
const optimizer = (fields: Document) => ({ ...minimal, optimizer: { name: 'lstm', ...fields } });

const notFirst =
  'numbers with one after the first that is not 0: the first loss of an unroll does not depend on the optimizer';
const firstOnly =
  '"final" or "sum-and-final", or longer unrolls: over one step the sum is the first loss, which does not depend on the optimizer';
const cannotTell =
  '"final" or "tail", or a longer /training/validation/horizon: over one step the sum is f(θ_0), which no optimizer changes';
const otherKernels =
  'another initialisation where there are layers or an input projection: their gradients would be 0 for good; "output": "zeros" is enough for a first update of 0';

const cases: [title: string, document: unknown, error: FieldError][] = [
  [
    'no kind',
    { problem: { name: 'simple' } },
    { pointer: '/kind', found: 'nothing', allowed: '"metatrain", "compare"' },
  ],
  [
    'an unknown kind',
    { ...minimal, kind: 'train' },
    { pointer: '/kind', found: '"train"', allowed: '"metatrain", "compare"' },
  ],
  [
    'an unknown problem',
    { ...minimal, problem: { name: 'himmelblau' } },
    { pointer: '/problem/name', found: '"himmelblau"', allowed: problems },
  ],
  [
    'a trained optimizer without a reference',
    { kind: 'compare', problem: { name: 'simple' }, optimizer: {}, comparison: {} },
    { pointer: '/optimizer/job', found: 'nothing', allowed: 'a value: the field is required' },
  ],
  [
    'a trained optimizer that is named twice',
    { kind: 'compare', problem: { name: 'simple' }, optimizer: { name: 'a', job: 'j1' }, comparison: {} },
    { pointer: '/optimizer/job', found: '"j1"', allowed: 'no such field; known ones are name, version' },
  ],
  [
    'a path for a registered optimizer',
    { kind: 'compare', problem: { name: 'simple' }, optimizer: { name: '../a' }, comparison: {} },
    {
      pointer: '/optimizer/name',
      found: '"../a"',
      allowed: 'a string matching ^[a-z0-9][a-z0-9_-]{0,63}$',
    },
  ],
  [
    'a version without a name',
    { kind: 'compare', problem: { name: 'simple' }, optimizer: { job: 'j1', version: 1 }, comparison: {} },
    { pointer: '/optimizer/version', found: '1', allowed: 'no such field; known ones are job' },
  ],
  [
    'a missing problem',
    { kind: 'metatrain', optimizer: { name: 'lstm' } },
    { pointer: '/problem', found: 'nothing', allowed: 'a value: the field is required' },
  ],
  [
    'a number as a string',
    training({ iterations: '20' }),
    { pointer: '/training/iterations', found: '"20"', allowed: 'an integer at least 1, at most 100000000' },
  ],
  [
    'a fraction for a whole number',
    training({ unroll: 2.5 }),
    { pointer: '/training/unroll', found: '2.5', allowed: 'an integer at least 1, at most 1000' },
  ],
  [
    'a boolean for a number',
    training({ learningRate: true }),
    { pointer: '/training/learningRate', found: 'true', allowed: 'a number above 0, at most 10' },
  ],
  [
    'the string NaN',
    training({ clipNorm: 'NaN' }),
    { pointer: '/training/clipNorm', found: '"NaN"', allowed: 'a number above 0, at most 1000000, or null' },
  ],
  [
    'a size beyond its range',
    optimizer({ layers: [20, 5000] }),
    { pointer: '/optimizer/layers/1', found: '5000', allowed: 'an integer at least 1, at most 1024' },
  ],
  [
    'a word that is none of the choices',
    training({ secondDerivatives: 'kept' }),
    { pointer: '/training/secondDerivatives', found: '"kept"', allowed: '"dropped", "exact"' },
  ],
  [
    'a rate that is neither a number nor "tuned"',
    comparison({ baselines: [{ name: 'sgd', learningRate: 'best' }] }),
    {
      pointer: '/comparison/baselines/0/learningRate',
      found: '"best"',
      allowed: 'a number above 0, at most 1000000, or "tuned"',
    },
  ],
  [
    'an unknown field, with those known',
    { ...minimal, problem: { name: 'parabola', dimensions: 10 } },
    { pointer: '/problem/dimensions', found: '10', allowed: 'no such field; known ones are name, dimension' },
  ],
  [
    'a field of another rule',
    comparison({ baselines: [{ name: 'sgd', momentum: 0.9 }] }),
    {
      pointer: '/comparison/baselines/0/momentum',
      found: '0.9',
      allowed: 'no such field; known ones are name, learningRate, schedule',
    },
  ],
  ['null for an object', { ...minimal, training: null }, { pointer: '/training', found: 'null', allowed: 'an object' }],
  ['an array for the document', ['metatrain'], { pointer: '', found: '["metatrain"]', allowed: 'an object' }],
  [
    'a repeated label',
    { ...minimal, labels: ['a', 'a'] },
    { pointer: '/labels', found: '["a","a"]', allowed: 'an array of at most 16 items, without repeats' },
  ],
  [
    'an unroll that does not divide the horizon',
    training({ horizon: 100, unroll: 30 }),
    { pointer: '/training/unroll', found: '30', allowed: 'a divisor of the horizon, 100' },
  ],
  [
    'too few weights of the meta-loss',
    training({ horizon: 4, unroll: 4, metaLoss: [1, 1] }),
    {
      pointer: '/training/metaLoss',
      found: '2',
      allowed: '5 numbers, one more than the steps of the unroll at /training/unroll',
    },
  ],
  [
    'a meta-loss of 0',
    training({ horizon: 2, unroll: 2, metaLoss: [0, 0, 0] }),
    { pointer: '/training/metaLoss', found: '[0,0,0]', allowed: notFirst },
  ],
  [
    'a meta-loss of only the first loss',
    training({ horizon: 4, unroll: 2, metaLoss: [1, 0, 0], secondDerivatives: 'exact' }),
    { pointer: '/training/metaLoss', found: '[1,0,0]', allowed: notFirst },
  ],
  [
    'the sum over unrolls of one step',
    training({ horizon: 20, unroll: 1 }),
    { pointer: '/training/metaLoss', found: '"sum"', allowed: firstOnly },
  ],
  [
    'the sum over unrolls of one step, in a later stage, after an imitation',
    training({
      imitation: { rule: { name: 'sgd', learningRate: 1 } },
      curriculum: [{ from: 50, horizon: 20, unroll: 1 }],
    }),
    { pointer: '/training/metaLoss', found: '"sum"', allowed: firstOnly },
  ],
  [
    'validations by the sum over one step',
    training({ horizon: 1, unroll: 1, metaLoss: 'final' }),
    { pointer: '/training/validation/measure', found: '"sum"', allowed: cannotTell },
  ],
  [
    'validations with their own horizon, by the sum over one step',
    training({ validation: { horizon: 1 } }),
    { pointer: '/training/validation/measure', found: '"sum"', allowed: cannotTell },
  ],
  [
    'validations of the last stage’s horizon, by the sum over one step',
    training({ metaLoss: 'sum-and-final', curriculum: [{ from: 10, horizon: 1, unroll: 1 }] }),
    { pointer: '/training/validation/measure', found: '"sum"', allowed: cannotTell },
  ],
  [
    'consecutive kernels of 0',
    optimizer({ layers: [20], initialisation: { kernels: 'zeros' } }),
    { pointer: '/optimizer/initialisation/kernels', found: '"zeros"', allowed: otherKernels },
  ],
  [
    'the same in a group, after an input projection',
    {
      ...minimal,
      optimizer: {
        name: 'groups',
        groups: [
          {
            name: 'a',
            parameters: ['*'],
            optimizer: { name: 'lstm', layers: [], inputProjection: 5, initialisation: { kernels: 'zeros' } },
          },
        ],
      },
    },
    { pointer: '/optimizer/groups/0/optimizer/initialisation/kernels', found: '"zeros"', allowed: otherKernels },
  ],
  [
    'an imitation of nothing',
    training({ imitation: {} }),
    { pointer: '/training/imitation/rule', found: 'nothing', allowed: 'a value: the field is required' },
  ],
  [
    'an imitation of a rule whose rate would have to be tuned first',
    training({ imitation: { rule: { name: 'sgd', learningRate: 'tuned' } } }),
    {
      pointer: '/training/imitation/rule/learningRate',
      found: '"tuned"',
      allowed: 'a number above 0, at most 1000000',
    },
  ],
  [
    'an imitation of a rule that takes its gradients elsewhere',
    training({ imitation: { rule: { name: 'schedule-free-sgd', learningRate: 1 } } }),
    {
      pointer: '/training/imitation/rule/name',
      found: '"schedule-free-sgd"',
      allowed: '"sgd", "momentum", "nag", "rmsprop", "adagrad", "adam", "adamw", "nadamw", "lion", "muon"',
    },
  ],
  [
    'an imitation longer than training',
    training({ iterations: 20, imitation: { rule: { name: 'sgd', learningRate: 1 }, iterations: 21 } }),
    { pointer: '/training/imitation/iterations', found: '21', allowed: 'at most 20, the iterations of the training' },
  ],
];

describe('a document that is refused says where, what was found and what is allowed', () => {
  for (const [title, document, error] of cases) {
    it(title, () => {
      const problem = refused(document);
      assert.deepEqual(problem.errors, [error]);
      const where = error.pointer || 'The document';
      assert.equal(problem.detail, `${where}: found ${error.found}, allowed: ${error.allowed}.`);
    });
  }

  it('several errors, each at its field', () => {
    const { errors } = refused({ ...minimal, seed: -1, training: { iterations: 0, functions: 'x' }, extra: 1 });
    const pointers = errors.map((e) => e.pointer).sort();
    assert.deepEqual(pointers, ['/extra', '/seed', '/training/functions', '/training/iterations']);
  });

  it('pointers escape ~ and / (RFC 6901)', () => {
    assert.equal(refused({ ...minimal, 'a/b~c': 1 }).errors[0]?.pointer, '/a~1b~0c');
  });

  it('prototype keys are fields like any other', () => {
    for (const key of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      const text = JSON.stringify(minimal).replace('{', `{${JSON.stringify(key)}:{"polluted":true},`);
      assert.equal(refused(JSON.parse(text)).errors[0]?.pointer, `/${key}`);
      assert.equal(({} as Document).polluted, undefined);
    }
  });

  it('documents that are not objects', () => {
    for (const document of [null, 7, 'text', true, [], undefined]) refused(document);
  });

  it('deep nesting, before anything walks it', () => {
    let deep: unknown = {};
    for (let i = 0; i < 100_000; i++) deep = { a: deep };
    assert.match(refused(deep).errors[0]!.allowed, /at most 32 levels deep/);
    assert.equal(refused({ ...minimal, title: deep }).errors[0]!.found, 'deeper nesting');
  });

  it('long values are shortened, and long lists of errors cut', () => {
    const { errors } = refused({
      ...minimal,
      title: 7,
      labels: Array.from({ length: 16 }, (_, i) => ` ${i} `.repeat(20)),
    });
    assert.ok(errors.length <= 20 && errors.every((e) => e.found.length <= 80));
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`x${i}`, 1]));
    assert.equal(refused({ ...minimal, ...many }).errors.length, 20);
  });
});

describe('a document that can learn is accepted', () => {
  const rule = { name: 'sgd', learningRate: 1 };
  const accepted: [title: string, document: unknown][] = [
    [
      'one step, by its final loss',
      training({ horizon: 1, unroll: 1, metaLoss: 'final', validation: { measure: 'tail' } }),
    ],
    ['a weight on the second loss', training({ horizon: 1, unroll: 1, metaLoss: [1, 1], validation: { horizon: 2 } })],
    [
      'unrolls of one step in imitation only',
      training({ iterations: 9, horizon: 2, unroll: 1, imitation: { rule, iterations: 9 } }),
    ],
    [
      'and in a stage within the imitation',
      training({ horizon: 2, unroll: 1, imitation: { rule }, curriculum: [{ from: 100, horizon: 20, unroll: 20 }] }),
    ],
    [
      'and in a stage that is never reached',
      training({ iterations: 9, curriculum: [{ from: 9, horizon: 20, unroll: 1 }] }),
    ],
    ['a linear map that begins at 0', optimizer({ layers: [], initialisation: { kernels: 'zeros' } })],
    ['an output that begins at 0', optimizer({ layers: [20], initialisation: { output: 'zeros' } })],
  ];
  for (const [title, document] of accepted) it(title, () => void parseJobSpec(document));
});

describe('limits on products of sizes', () => {
  const mnist = (fields: object = {}) => ({ name: 'mnist', ...fields });

  it('count the coordinates of a perceptron: weights and a bias for each unit', () => {
    const count = (fields: object) => {
      const { problem } = parseJobSpec({ ...minimal, problem: mnist(fields) });
      return coordinates(problem);
    };
    assert.equal(count({}), 785 * 20 + 21 * 10);
    assert.equal(count({ hidden: [] }), 785 * 10);
    assert.equal(count({ hidden: [5, 7] }), 785 * 5 + 6 * 7 + 8 * 10);
  });

  const nine = { baselines: Array.from({ length: 9 }, () => ({ name: 'sgd' })) };
  const many = [0, 0.1, 0.2, 0.3, 0.4, 0.5];
  const huge: [string, unknown, string][] = [
    [
      'an unroll’s memory',
      { ...training({ functions: 65_536 }), problem: { name: 'parabola', dimension: 1000 } },
      '/training/functions',
    ],
    [
      // Without an imitation 30 million floats would be kept, with one five times as many; the limit is 2^29.
      'an imitation’s memory',
      {
        ...training({
          functions: 150,
          horizon: 1000,
          unroll: 1000,
          imitation: { rule: { name: 'sgd', learningRate: 1 } },
        }),
        ...optimizer({ layers: [] }),
        problem: { name: 'parabola', dimension: 1000 },
      },
      '/training/functions',
    ],
    [
      'the mini-batches side by side',
      { ...training({ functions: 100, unroll: 1 }), ...optimizer({ layers: [] }), problem: mnist({ batch: 4096 }) },
      '/training/functions',
    ],
    ['weights', optimizer({ layers: [1024, 1024, 1024, 1024, 1024, 1024] }), '/optimizer/layers'],
    ['the losses of a comparison', comparison({ functions: 10_000_000, steps: 100 }), '/comparison/functions'],
    ['the size of the results', comparison({ functions: 2, steps: 100_000, ...rules(13) }), '/comparison/steps'],
    [
      'the size of the results, with the rates tried',
      comparison({
        baselines: Array(32).fill({ name: 'adam' }),
        tuning: {
          measures: ['sum', 'final', 'tail'],
          points: 81,
          parameters: {
            beta1: [0.8, 0.9],
            beta2: [0.9, 0.95, 0.99, 0.999],
            epsilon: [1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2],
          },
        },
      }),
      '/comparison/steps',
    ],
    ['the runs of a comparison', comparison({ functions: 10_000_000, steps: 1, ...nine }), '/comparison/functions'],
    [
      'the grids of a tuning',
      comparison({
        baselines: [{ name: 'adam' }],
        tuning: { parameters: { beta1: many, beta2: many, epsilon: many } },
      }),
      '/comparison/tuning/parameters',
    ],
  ];
  for (const [title, document, pointer] of huge) {
    it(`${title}: no document can use up the machine`, () => {
      const { errors } = refused(document);
      assert.ok(
        errors.some((e) => e.pointer === pointer && /at most \d+/.test(e.allowed)),
        JSON.stringify(errors),
      );
    });
  }

  it('leave room for realistic jobs', () => {
    // MNIST as in the paper; DeepMind's batch of 128 quadratics.
    parseJobSpec({ ...training({ horizon: 100, unroll: 20 }), problem: mnist() });
    parseJobSpec({ ...comparison({ functions: 2000, steps: 200 }), problem: mnist({ hidden: [40] }) });
    parseJobSpec({ ...training({ functions: 128, horizon: 100 }), problem: { name: 'quadratic' } });
    parseJobSpec(comparison({ functions: 100_000, steps: 100 }));
    parseJobSpec(comparison({ functions: 2, steps: 100_000, ...rules(12) }));
    // What is evaluated in chunks is counted in chunks, and what is not done is not counted.
    const large = {
      problem: { name: 'rosenbrock', dimension: 100_000 },
      training: { validation: { functions: 2048 } },
    };
    for (const learningRate of ['tuned', 1e-6])
      parseJobSpec({ ...comparison({ baselines: [{ name: 'sgd', learningRate }] }), ...large });
    const untuned = [{ name: 'adam', learningRate: 0.1 }];
    parseJobSpec(
      comparison({ baselines: untuned, tuning: { parameters: { beta1: many, beta2: many, epsilon: many } } }),
    );
    // All hand-designed optimizers, each tuned for three measures.
    const measures = ['sum', 'tail', 'final'];
    parseJobSpec(comparison({ functions: 200_000, steps: 100, ...nine, tuning: { measures } }));
    for (const coordinates of [10, 100_000])
      assert.equal(
        checkSize(lstmSpec({ layers: [20, 20] }), { name: 'parabola', dimension: coordinates }, engineContract('tfjs')),
        null,
      );
  });

  it('of an optimizer on another problem are checked once its weights are known', () => {
    const refusal = checkSize(
      { ...lstmSpec(), layers: new Array(8).fill(1024) },
      { name: 'parabola', dimension: 100_000 },
      engineContract('native'),
    );
    assert.equal(refusal?.pointer, '/problem');
    assert.equal(refusal.found, '100000 coordinates');
    // The states h and c of 8,192 units, three times, and 5 floats more.
    assert.match(refusal.allowed, /at most 536870912 floats \(here 4915700000\)/);
  });

  it('conjugate gradients need quadratic problems, or composites of only those', () => {
    const baselines = [{ name: 'sgd' }, { name: 'conjugate-gradients' }];
    for (const problem of [
      mnist(),
      { name: 'noisy', problem: { name: 'parabola' } },
      { name: 'rescaled', problem: mnist() },
    ]) {
      const { errors } = refused({ ...comparison({ baselines }), problem });
      assert.deepEqual(errors, [
        {
          pointer: '/comparison/baselines/1/name',
          found: '"conjugate-gradients"',
          allowed: `an update rule: conjugate gradients need a quadratic problem, and "${problem.name}" is not quadratic`,
        },
      ]);
    }
    for (const problem of [{ name: 'quadratic' }, { name: 'rescaled', problem: { name: 'parabola' } }])
      parseJobSpec({ ...comparison({ baselines }), problem });
  });
});

describe('a problem document', () => {
  it('is one of the contract for every code', () => {
    const check = compile(ErrorDocument);
    for (const code of Object.keys(errorCodes) as (keyof typeof errorCodes)[]) {
      const problem = new ApiError(code, 'What to do.', [{ pointer: '/a', found: '1', allowed: '2' }]);
      const document: ErrorDocument = JSON.parse(JSON.stringify(problem.toDocument()));
      assert.ok(check(document), JSON.stringify(check.errors));
      assert.equal(document.status, problem.status);
      assert.ok(problem.status >= 400 && problem.status < 600);
      assert.equal('errors' in new ApiError(code, 'x').toDocument(), false);
    }
  });
});

it('refuses titles with characters that a terminal obeys or that are invisible, and no others', () => {
  const points = [0, 7, 8, 9, 10, 13, 27, 31, 0x7f, 0x80, 0x9b, 0x9f, 0x61c];
  const ranges = [0x200b, 0x200c, 0x200d, 0x200e, 0x200f, 0x2028, 0x202a, 0x202e, 0x2060, 0x2066, 0x2069, 0xfeff];
  for (const point of [...points, ...ranges]) {
    const { errors } = refused({ ...minimal, title: `a${String.fromCodePoint(point)}b` });
    assert.deepEqual(
      errors.map(({ pointer }) => pointer),
      ['/title'],
      point.toString(16),
    );
    assert.match(errors[0]!.allowed, /^a string .*at most 200 characters, without control or invisible characters$/);
  }
  for (const title of ['Größe ≤ 10 – "a" \\ b', '日本語の題', 'عنوان', '🙂 & <b>'])
    assert.equal(parseJobSpec({ ...minimal, title }).title, title);
});
