import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ApiError, type FieldError } from '../../src/contract/errors.js';
import { componentsOf, rescaledBy } from '../../src/contract/mixtures.js';
import { coordinates, type ProblemSpec } from '../../src/contract/problems.js';
import { parseJobSpec } from '../../src/contract/validate.js';

const mixtureOf = (...problems: object[]) => ({
  name: 'mixture',
  components: problems.map((problem) => ({ problem })),
});
const parse = (problem: object, fields: object = {}) =>
  parseJobSpec({ kind: 'metatrain', problem, optimizer: { name: 'lstm' }, ...fields }).problem;

function refused(...document: Parameters<typeof parse>): FieldError {
  try {
    parse(...document);
  } catch (error) {
    assert.ok(error instanceof ApiError, String(error));
    assert.equal(error.errors.length, 1, JSON.stringify(error.errors));
    return error.errors[0]!;
  }
  throw new Error(`accepted ${JSON.stringify(document)}`);
}

describe('a mixture', () => {
  it('has the size of its largest component, and weights of 1', () => {
    const mixture = parse(mixtureOf({ name: 'parabola', dimension: 3 }, { name: 'quadratic', dimension: 7 }));
    assert.equal(coordinates(mixture), 7);
    assert.ok(mixture.name === 'mixture' && mixture.components.every(({ weight }) => weight === 1));
  });

  it('is rescaled component by component', () => {
    const names = ({ name, ...rest }: ProblemSpec) => [name, (rest as { problem?: ProblemSpec }).problem?.name];
    const mixture = parse(mixtureOf({ name: 'parabola' }, { name: 'quadratic' }));
    assert.deepEqual(componentsOf(rescaledBy(mixture, { range: 2 })).map(names), [
      ['rescaled', 'parabola'],
      ['rescaled', 'quadratic'],
    ]);
    assert.deepEqual(names(rescaledBy(componentsOf(mixture)[0]!, { range: 2 })), ['rescaled', 'parabola']);
  });

  it('is refused within another problem, and where it needs conjugate gradients or imitation', () => {
    const inner = mixtureOf({ name: 'parabola' });
    for (const problem of [{ name: 'rescaled', problem: inner }, mixtureOf({ name: 'simple' }, inner)]) {
      const { pointer, allowed } = refused(problem);
      assert.equal(pointer, '/problem');
      assert.match(allowed, /only as the whole problem/);
    }
    const baselines = [{ name: 'conjugate-gradients' }];
    assert.equal(refused(inner, { comparison: { baselines } }).pointer, '/comparison/baselines/0/name');
    const imitation = { rule: { name: 'adam', learningRate: 0.1 }, iterations: 1 };
    assert.equal(refused(inner, { training: { imitation } }).pointer, '/training/imitation');
  });

  it('is refused with an optimizer that does not fit every component', () => {
    const groups = [
      { name: 'first', parameters: ['layer1*'], optimizer: { name: 'lstm' } },
      { name: 'rest', parameters: ['*'], optimizer: { name: 'lstm' } },
    ];
    const misfit = refused(mixtureOf({ name: 'perceptron' }, { name: 'parabola' }), {
      optimizer: { name: 'groups', groups },
    });
    assert.equal(misfit.pointer, '/optimizer/groups/0/parameters/0');
    assert.match(misfit.allowed, /component 2 of the mixture, "parabola"/);
    const all = { optimizer: { name: 'lstm', over: 'all' } };
    const sizes = [2, 3].map((dimension) => ({ name: 'parabola', dimension }));
    assert.match(refused(mixtureOf(...sizes), all).allowed, /component 2/);
    assert.equal(coordinates(parse(mixtureOf(sizes[0]!, { name: 'quadratic', dimension: 2 }), all)), 2);
  });
});
