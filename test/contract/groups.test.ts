import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ApiError, type FieldError } from '../../src/contract/errors.js';
import { checkTransfer, groupsOf, networkWidths } from '../../src/contract/groups.js';
import type { GroupSpec, LearnedSpec } from '../../src/contract/optimizers.js';
import type { ProblemSpec } from '../../src/contract/problems.js';
import type { TrainingSpec } from '../../src/contract/training.js';
import { parseJobSpec } from '../../src/contract/validate.js';

const lstm = { name: 'lstm' };
const adam = { name: 'adam', learningRate: 0.1 };
const group = (name: string, parameters: string[], optimizer: object = lstm) => ({ name, parameters, optimizer });

function parse(groups: unknown, problem: object = { name: 'mnist' }, training: Partial<TrainingSpec> = {}) {
  const spec = parseJobSpec({ kind: 'metatrain', problem, optimizer: { name: 'groups', groups }, training });
  assert.ok(spec.kind === 'metatrain' && spec.optimizer.name === 'groups');
  return spec;
}

function refused(...document: Parameters<typeof parse>): FieldError[] {
  try {
    parse(...document);
  } catch (error) {
    assert.ok(error instanceof ApiError, String(error));
    return error.errors;
  }
  throw new Error(`accepted ${JSON.stringify(document)}`);
}

/** The names of each group's parameters. */
const members = ({ optimizer, problem }: { optimizer: LearnedSpec; problem: ProblemSpec }) =>
  Object.fromEntries(groupsOf(optimizer, problem).map(({ name, parameters }) => [name, parameters.map((p) => p.name)]));

describe('groups of parameters', () => {
  it('match names, prefixes of names and the rest, in θ’s order whatever theirs', () => {
    const spec = parse(
      [group('rest', ['*']), group('second', ['layer2/biases', 'layer2/weights'], adam), group('third', ['layer3*'])],
      { name: 'mnist', hidden: [3, 2] },
    );
    assert.deepEqual(members(spec), {
      rest: ['layer1/weights', 'layer1/biases'],
      second: ['layer2/weights', 'layer2/biases'],
      third: ['layer3/weights', 'layer3/biases'],
    });
    const [rest, second] = groupsOf(spec.optimizer, spec.problem);
    assert.deepEqual(
      rest!.parameters.map(({ offset, size }) => [offset, size]),
      [
        [0, 784 * 3],
        [784 * 3, 3],
      ],
    );
    assert.equal(second!.parameters[0]!.offset, 785 * 3);
  });

  it('are filled in: each network and rule has its defaults', () => {
    const { optimizer } = parse([group('a', ['layer1*'], { name: 'lstm', layers: [2] }), group('b', ['*'], adam)]);
    const [a, b] = (optimizer as { groups: GroupSpec[] }).groups;
    assert.ok(a!.optimizer.name === 'lstm');
    assert.deepEqual([a!.optimizer.over, a!.optimizer.preprocess], ['coordinate', { name: 'none' }]);
    assert.deepEqual(b!.optimizer, { ...adam, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 });
  });

  const all = 'layer1/weights, layer1/biases, layer2/weights, layer2/biases';
  const cases: [string, Parameters<typeof parse>, FieldError][] = [
    [
      'a parameter in no group',
      [[group('a', ['layer1*'])]],
      {
        pointer: '/optimizer/groups',
        found: 'no group for layer2/weights, layer2/biases',
        allowed: 'groups that cover every parameter of the problem; "*" matches those that no group names',
      },
    ],
    [
      'a parameter in two groups',
      [[group('a', ['layer1*']), group('b', ['layer2*', 'layer1/biases'])]],
      {
        pointer: '/optimizer/groups/1/parameters/1',
        found: '"layer1/biases"',
        allowed: 'parameters that no other group has: layer1/biases is in "a"',
      },
    ],
    [
      'a name that no parameter has',
      [[group('a', ['layer3*']), group('b', ['*'])]],
      {
        pointer: '/optimizer/groups/0/parameters/0',
        found: '"layer3*"',
        allowed: `names of the problem’s parameters or beginnings of them with a "*": ${all}`,
      },
    ],
    [
      'a prefix without its star',
      [[group('a', ['layer1']), group('b', ['*'])]],
      {
        pointer: '/optimizer/groups/0/parameters/0',
        found: '"layer1"',
        allowed: `names of the problem’s parameters or beginnings of them with a "*": ${all}`,
      },
    ],
    [
      'a rest that is empty',
      [[group('a', ['layer*']), group('b', ['*'])]],
      {
        pointer: '/optimizer/groups/1/parameters/0',
        found: '"*"',
        allowed: 'names: other groups have all the parameters',
      },
    ],
    [
      'two groups with the same name',
      [[group('a', ['layer1*']), group('a', ['*'])]],
      { pointer: '/optimizer/groups/1/name', found: '"a"', allowed: 'a name that no earlier group has' },
    ],
    [
      'nothing that learns',
      [[group('a', ['*'], adam)]],
      {
        pointer: '/optimizer/groups',
        found: 'only rules',
        allowed: 'at least one "lstm" or "mlp": rules cannot learn',
      },
    ],
    [
      'a rate to be tuned',
      [[group('a', ['*'], { name: 'adam', learningRate: 'tuned' })]],
      {
        pointer: '/optimizer/groups/0/optimizer/learningRate',
        found: '"tuned"',
        allowed: 'a number above 0, at most 1000000',
      },
    ],
    [
      'no rate',
      [[group('a', ['*'], { name: 'sgd' })]],
      {
        pointer: '/optimizer/groups/0/optimizer/learningRate',
        found: 'nothing',
        allowed: 'a value: the field is required',
      },
    ],
    [
      'a rule that takes its gradient elsewhere than at θ',
      [[group('a', ['*'], { name: 'schedule-free-sgd', learningRate: 0.1 })]],
      {
        pointer: '/optimizer/groups/0/optimizer/name',
        found: '"schedule-free-sgd"',
        allowed:
          '"lstm", "mlp", "sgd", "momentum", "nag", "rmsprop", "adagrad", "adam", "adamw", "nadamw", "lion", "muon"',
      },
    ],
    [
      'groups within a group',
      [[group('a', ['*'], { name: 'groups' })]],
      {
        pointer: '/optimizer/groups/0/optimizer/name',
        found: '"groups"',
        allowed:
          '"lstm", "mlp", "sgd", "momentum", "nag", "rmsprop", "adagrad", "adam", "adamw", "nadamw", "lion", "muon"',
      },
    ],
    [
      'a name that is a path',
      [[group('a/b', ['*'])]],
      {
        pointer: '/optimizer/groups/0/name',
        found: '"a/b"',
        allowed: 'a string of at most 64 characters, matching ^[A-Za-z0-9_-][A-Za-z0-9._-]*$',
      },
    ],
    [
      '"kernel" for parameters that are not kernels',
      [[group('a', ['layer1*'], { ...lstm, over: 'kernel' }), group('b', ['*'])]],
      {
        pointer: '/optimizer/groups/0/optimizer/over',
        found: '"kernel"',
        allowed:
          '"kernel" only for parameters of shape [k, k, in, out] with the same k; layer1/weights is [784,20]: move it to another group',
      },
    ],
    [
      'exact second derivatives through a rule',
      [[group('a', ['layer1*']), group('b', ['*'], adam)], { name: 'mnist' }, { secondDerivatives: 'exact' }],
      {
        pointer: '/training/secondDerivatives',
        found: '"exact"',
        allowed: '"dropped": exact ones would have to pass through the rule of the group "b"',
      },
    ],
  ];
  for (const [title, document, error] of cases)
    it(`${title}: refused, with the place`, () => assert.deepEqual(refused(...document), [error]));

  it('names only a few of many parameters', () => {
    const [error] = refused([group('a', ['y*']), group('b', ['*'])], { name: 'simple-multi', dimension: 512 });
    assert.match(error!.allowed, /: x_0, .*, x_11 and 500 more$/);
  });

  it('share one limit of memory', () => {
    const wide = { ...lstm, layers: [1024, 1024, 1024] };
    const [error] = refused([group('a', ['layer1*'], wide), group('b', ['*'], wide)]);
    assert.equal(error!.pointer, '/optimizer/groups');
    assert.match(error!.allowed, /at most \d+ weights/);
  });
});

describe('a network over all coordinates', () => {
  it('may not have more weights than others', () => {
    const document = (dimension: number) => ({
      kind: 'metatrain',
      problem: { name: 'parabola', dimension },
      optimizer: { name: 'lstm', layers: [100], over: 'all' },
    });
    parseJobSpec(document(1000));
    assert.throws(() => parseJobSpec(document(100_000)), /\/optimizer\/layers/);
  });
});

describe('a trained optimizer on another problem', () => {
  const trainedOn: ProblemSpec = { name: 'simple-multi', dimension: 3 };
  const of = (optimizer: object): LearnedSpec => {
    const spec = parseJobSpec({ kind: 'metatrain', problem: trainedOn, optimizer });
    assert.ok(spec.kind === 'metatrain');
    return spec.optimizer;
  };
  const to = (dimension: number): ProblemSpec => ({ name: 'simple-multi', dimension });

  it('fits any number of coordinates if it sees them one by one', () => {
    assert.deepEqual(checkTransfer(of(lstm), [1], { name: 'parabola', dimension: 7 }), []);
  });

  it('fits no other number if it sees all at once', () => {
    const optimizer = of({ ...lstm, over: 'all' });
    const widths = networkWidths(optimizer, trainedOn);
    assert.deepEqual(checkTransfer(optimizer, widths, { name: 'parabola', dimension: 3 }), []);
    assert.deepEqual(checkTransfer(optimizer, widths, to(4)), [
      {
        pointer: '/over',
        found: '"all"',
        allowed: 'blocks of 3 coordinates, as in training (here 4)',
      },
    ]);
  });

  it('fits any number of kernels of the size that it was trained on', () => {
    const net = (kernel: number, channels: number[]) => ({ name: 'shapes', side: 8, kernel, channels });
    const spec = parse(
      [group('conv', ['conv1/weights'], { ...lstm, over: 'kernel' }), group('rest', ['*'])],
      net(3, [2]),
    );
    const elsewhere = (problem: object) => {
      const { problem: complete } = parse([group('all', ['*'])], problem);
      return checkTransfer(spec.optimizer, networkWidths(spec.optimizer, spec.problem), complete);
    };
    assert.deepEqual(
      groupsOf(spec.optimizer, spec.problem).map(({ width }) => width),
      [9, 1],
    );
    assert.deepEqual(elsewhere(net(3, [5, 4])), []);
    assert.deepEqual(elsewhere(net(5, [2])), [
      {
        pointer: '/groups/0/optimizer/over',
        found: '"kernel"',
        allowed: 'blocks of 9 coordinates, as in training (here 25)',
      },
    ]);
  });

  it('of groups fits where all its patterns match', () => {
    const optimizer = of({
      name: 'groups',
      groups: [group('first', ['x_0'], { ...lstm, over: 'all' }), group('rest', ['*'])],
    });
    const widths = networkWidths(optimizer, trainedOn);
    assert.deepEqual(checkTransfer(optimizer, widths, to(9)), []);
    const pointers = (problem: ProblemSpec) => checkTransfer(optimizer, widths, problem).map((e) => e.pointer);
    assert.deepEqual(pointers(to(1)), ['/groups/1/parameters/0']);
    assert.deepEqual(pointers({ name: 'parabola', dimension: 3 }), ['/groups/0/parameters/0']);
  });
});
