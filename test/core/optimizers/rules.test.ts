import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { RuleSpec } from '../../../src/contract/optimizers.js';
import { compile } from '../../../src/contract/validate.js';
import type { TunedRule } from '../../../src/core/optimise/rule-method.js';
import { ruleOf, rules } from '../../../src/core/optimizers/registry.js';
import type { RuleState } from '../../../src/core/optimizers/rule.js';
import { normal, testSeed } from '../../weights/samples.js';

const seed = testSeed();
console.log(`seed ${seed}`);

/** A rule with its defaults and the given fields. */
function ruleSpec(name: string, fields: Record<string, number> = {}): TunedRule {
  const spec: Record<string, unknown> = { name, learningRate: 0.1, ...fields };
  assert.ok(compile(RuleSpec)(spec), `${name} is not a rule of the contract`);
  return spec as TunedRule;
}

function gradientsOf(steps: number, n: number, scale = 1): Float32Array[] {
  const draw = normal(seed);
  return Array.from({ length: steps }, () => Float32Array.from({ length: n }, () => scale * draw()));
}

/** A rule's updates for given gradients, from θ = 0 on. */
function respond(spec: TunedRule, gradients: readonly Float32Array[], state = ruleOf(spec).init(gradients[0]!.length)) {
  const theta = new Float32Array(gradients[0]!.length);
  return gradients.map((gradient) => {
    const update = new Float32Array(gradient.length);
    ruleOf(spec).update(spec, gradient, state, update, theta, []);
    for (let i = 0; i < theta.length; i++) theta[i]! += update[i]!;
    return update;
  });
}

/** θ_0 … θ_steps of a rule, each [n]. */
function follow(
  spec: TunedRule,
  gradientAt: (theta: Float32Array) => Float32Array,
  start: Float32Array,
  steps: number,
): Float32Array[] {
  const rule = ruleOf(spec);
  const theta = start.slice();
  const state = rule.init(theta.length);
  const update = new Float32Array(theta.length);
  const path = [start];
  for (let t = 0; t < steps; t++) {
    const point = theta.slice();
    rule.gradientPoint?.(spec, theta, state, point);
    rule.update(spec, gradientAt(point), state, update, theta, []);
    for (let i = 0; i < theta.length; i++) theta[i]! += update[i]!;
    path.push(theta.slice());
  }
  return path;
}

/** θ_0 … θ_steps of a rule on f(θ) = c/2 θ², whose gradient is c θ. */
function descend(spec: TunedRule, c: number, start: number, steps: number): number[] {
  return follow(spec, (theta) => theta.map((x) => c * x), Float32Array.of(start), steps).map(([x]) => x!);
}

function near(actual: number, expected: number, relative = 1e-5) {
  const error = Math.abs(actual - expected);
  assert.ok(error <= relative * Math.max(Math.abs(expected), 1e-3), `${actual} is not ${expected}`);
}

for (const name of Object.keys(rules)) {
  describe(`every rule: ${name}`, () => {
    const spec = ruleSpec(name);
    const rule = ruleOf(spec);
    const gradients = gradientsOf(20, 5);

    it('has its registered name', () => assert.equal(rule.name, name));

    it('does not change the gradient', () => {
      const before = gradients.map((g) => g.slice());
      respond(spec, gradients);
      assert.deepEqual(gradients, before);
    });

    it('is deterministic, and every state begins fresh', () => {
      const first = respond(spec, gradients);
      assert.deepEqual(respond(spec, gradients), first);
      assert.deepEqual(rule.init(3), rule.init(3));
      for (const vector of rule.init(3).vectors) assert.deepEqual(vector, new Float32Array(3));
    });

    it('resumes from a state that went through JSON', () => {
      const state = rule.init(5);
      respond(spec, gradients.slice(0, 7), state);
      const { steps, vectors } = JSON.parse(JSON.stringify({ ...state, vectors: state.vectors.map((v) => [...v]) }));
      assert.equal(steps, 7);
      const restored: RuleState = { steps, vectors: vectors.map((v: number[]) => Float32Array.from(v)) };
      assert.deepEqual(respond(spec, gradients.slice(7), restored), respond(spec, gradients.slice(7), state));
    });

    it('stays where the gradient is zero', () => {
      for (const update of respond(spec, [new Float32Array(3), new Float32Array(3)]))
        for (const u of update) assert.ok(u === 0, `an update of ${u}`);
    });

    it('does not mix coordinates', () => {
      const whole = respond(spec, gradients);
      const single = respond(
        spec,
        gradients.map((g) => g.slice(2, 3)),
      );
      assert.deepEqual(
        single.map((u) => u[0]),
        whole.map((u) => u[2]),
      );
    });

    it('is odd: the opposite gradients give the opposite updates', () => {
      const opposite = respond(
        spec,
        gradients.map((g) => g.map((x) => -x)),
      );
      assert.deepEqual(
        opposite,
        respond(spec, gradients).map((u) => u.map((x) => -x)),
      );
    });

    it('lowers a parabola, and scales its first update with the learning rate', () => {
      // α = 0.1 and curvature 1: each rule's step is well inside its region of stability.
      const path = descend(spec, 1, 1, 300);
      assert.ok(Math.abs(path.at(-1)!) < 0.1, `θ_300 = ${path.at(-1)}`);
      const [slow, fast] = [0.01, 0.02].map((learningRate) => respond({ ...spec, learningRate }, gradients)[0]![0]!);
      near(fast!, 2 * slow!);
    });
  });
}

/** All rules that divide by a mean of squares. */
const dividing = Object.keys(rules).filter((name) => 'epsilon' in ruleSpec(name));

describe('a rule that divides by a root of squares', () => {
  it('is one of these', () =>
    assert.deepEqual(dividing.sort(), [
      'adagrad',
      'adam',
      'adamw',
      'muon',
      'nadamw',
      'rmsprop',
      'schedule-free-adamw',
    ]));

  for (const name of dividing) {
    it(`${name} with an ε of 0 stays where the gradient is 0, and steps no further than it would from any gradient`, () => {
      const spec = ruleSpec(name, { epsilon: 0 });
      // RMSProp's first step is 10 α long, as it has no bias correction; the squares of 1e-30 are 0 in fp32.
      for (const g of [0, 1e-30, 1e-23, 1e-10, 1])
        for (const [u] of respond(spec, Array(3).fill(Float32Array.of(g))))
          assert.ok(g === 0 ? u === 0 : -u! >= 0 && -u! < 100 * 0.1, `${u} from a gradient of ${g}`);
    });

    it(`${name} takes an ε of 0 as one that is much smaller than the root`, () => {
      const gradients = gradientsOf(20, 5);
      assert.deepEqual(
        respond(ruleSpec(name, { epsilon: 0 }), gradients),
        respond(ruleSpec(name, { epsilon: 1e-40 }), gradients),
      );
    });

    it(`${name} moves on after a gradient whose square is beyond fp32`, () => {
      const gradients = [1e25, 1e25, -1e25].map((g) => Float32Array.of(g));
      const state = ruleOf(ruleSpec(name)).init(1);
      for (const [u] of respond(ruleSpec(name), gradients, state)) assert.ok(Number.isFinite(u) && u !== 0, `${u}`);
      for (const vector of state.vectors) assert.ok(vector.every(Number.isFinite), `${vector}`);
    });
  }
});

describe('closed forms', () => {
  it('SGD on c/2 θ² is geometric: θ_t = (1 - α c)^t', () => {
    const path = descend(ruleSpec('sgd', { learningRate: 0.3 }), 2, 1, 15);
    for (const [t, theta] of path.entries()) near(theta, 0.4 ** t, 1e-4);
  });

  it('momentum on c/2 θ² follows the roots of z² - (1 + μ - α c) z + μ', () => {
    const [alpha, mu, c] = [0.1, 0.5, 0.2];
    const path = descend(ruleSpec('momentum', { learningRate: alpha, momentum: mu }), c, 1, 30);
    // θ_{t+1} = θ_t + μ (θ_t - θ_{t-1}) - α c θ_t, with θ_0 = 1, θ_1 = 1 - α c.
    linearRecurrence(1 + mu - alpha * c, mu, 1 - alpha * c, path);
  });

  it('NAG on c/2 θ² follows the roots of z² - (1 + μ) (1 - α c) z + μ (1 - α c)', () => {
    const [alpha, mu, c] = [0.1, 0.5, 0.2];
    const path = descend(ruleSpec('nag', { learningRate: alpha, momentum: mu }), c, 1, 30);
    // In Nesterov's own variables: y_{t+1} = θ_t - α c θ_t, θ_{t+1} = y_{t+1} + μ (y_{t+1} - y_t), and y_0 = θ_0.
    // So θ_1 = 1 - (1 + μ) α c, and eliminating y gives the roots.
    linearRecurrence((1 + mu) * (1 - alpha * c), mu * (1 - alpha * c), 1 - (1 + mu) * alpha * c, path);
  });

  /** Checks that path solves θ_{t+1} = p θ_t - q θ_{t-1}, θ_0 = 1, with the given θ_1 and two real roots. */
  function linearRecurrence(p: number, q: number, theta1: number, path: readonly number[]) {
    const root = Math.sqrt(p * p - 4 * q);
    assert.ok(root > 0);
    const [a, b] = [(p + root) / 2, (p - root) / 2];
    const share = (theta1 - b) / (a - b);
    for (const [t, theta] of path.entries()) near(theta, share * a ** t + (1 - share) * b ** t, 1e-4);
  }

  it('momentum under a constant gradient reaches the terminal velocity -α g / (1 - μ)', () => {
    const updates = respond(ruleSpec('momentum', { learningRate: 0.1, momentum: 0.9 }), constant(2, 200));
    // v_t = -α g (1 - μ^t) / (1 - μ)
    for (const [t, [u]] of updates.entries()) near(u!, -2 * (1 - 0.9 ** (t + 1)), 1e-4);
  });

  it('RMSProp’s first step, in the notebook’s form, is -0.1 g / (√(0.01 g²) + 1e-5)', () => {
    for (const g of [3, -0.2, 1e-4, 1e4]) {
      const [[u]] = respond(ruleSpec('rmsprop'), constant(g, 1)) as [Float32Array];
      near(u!, (-0.1 * g) / (Math.sqrt(0.01 * g * g) + 1e-5), 1e-6);
    }
  });

  it('RMSProp under a constant gradient: v_t = (1 - ρ^t) g²', () => {
    const updates = respond(ruleSpec('rmsprop', { decay: 0.9 }), constant(0.5, 60));
    for (const [t, [u]] of updates.entries())
      near(u!, (-0.1 * 0.5) / (0.5 * Math.sqrt(1 - 0.9 ** (t + 1)) + 1e-5), 1e-4);
  });

  it('Adagrad under a constant gradient steps by α / √t', () => {
    const updates = respond(ruleSpec('adagrad'), constant(-7, 100));
    for (const [t, [u]] of updates.entries()) near(u!, 0.1 / Math.sqrt(t + 1), 1e-4);
  });

  it('Adam’s bias correction makes every step under a constant gradient as long as α', () => {
    for (const g of [1e-3, 1, -1e3]) {
      const updates = respond(ruleSpec('adam', { learningRate: 0.02 }), constant(g, 50));
      // m̂ = g and v̂ = g² exactly; what is left is ε = 1e-8 beside |g|.
      for (const [u] of updates) near(u!, -0.02 * Math.sign(g), 1e-4);
    }
  });

  it('Adam’s second step, by hand: gradients 1, then -1', () => {
    const [, second] = respond(ruleSpec('adam'), [Float32Array.of(1), Float32Array.of(-1)]);
    // m = 0.9 · 0.1 - 0.1 = -0.01, m̂ = -0.01 / (1 - 0.81); v̂ = 1.
    near(second![0]!, (0.1 * 0.01) / 0.19, 1e-5);
  });

  it('weight decay by itself shrinks θ by 1 - α λ per step', () => {
    for (const name of ['adamw', 'lion']) {
      const spec = ruleSpec(name, { learningRate: 0.2, weightDecay: 0.5 });
      const path = follow(spec, (theta) => new Float32Array(theta.length), Float32Array.of(3), 20);
      for (const [t, [theta]] of path.entries()) near(theta!, 3 * 0.9 ** t, 1e-5);
    }
  });

  it('Lion’s steps are as long as α, whatever the gradient', () => {
    for (const g of [1e-6, -1, 1e6])
      for (const [u] of respond(ruleSpec('lion'), constant(g, 20))) near(u!, -0.1 * Math.sign(g));
  });

  it('Lion turns when β1 m + (1 - β1) g changes its sign', () => {
    const gradients = [1, 1, -0.1, -0.1].map((g) => Float32Array.of(g));
    const updates = respond(ruleSpec('lion', { beta1: 0.5, beta2: 0.9 }), gradients);
    // m = 0.1, 0.19, 0.161: then 0.5 · 0.19 - 0.05 = 0.045 > 0, and 0.5 · 0.161 - 0.05 > 0 still.
    for (const [u] of updates) near(u!, -0.1);
    const [last] = respond(ruleSpec('lion', { beta1: 0.5, beta2: 0.9 }), [...gradients, Float32Array.of(-0.2)]).at(-1)!;
    // m = 0.1349: 0.067 - 0.1 < 0.
    near(last!, 0.1);
  });

  it('schedule-free SGD down a slope: z falls by α g per step, and x is the mean of the z so far', () => {
    const path = follow(ruleSpec('schedule-free-sgd'), () => Float32Array.of(2), Float32Array.of(0), 50);
    for (const [t, [x]] of path.entries()) near(x!, t === 0 ? 0 : (-0.1 * 2 * (t + 1)) / 2);
  });

  it('schedule-free SGD on c/2 θ² with β = 0 is the mean of the iterates of SGD (Polyak and Ruppert)', () => {
    const path = descend(ruleSpec('schedule-free-sgd', { learningRate: 0.3, beta: 0 }), 2, 1, 30);
    // z_t = 0.4^t, so x_t = (0.4 + … + 0.4^t) / t.
    for (const [t, x] of path.entries()) if (t > 0) near(x, (0.4 * (1 - 0.4 ** t)) / 0.6 / t);
  });

  it('over 2,000 random gradients, all that do not use θ stay within 1e-4 of sums of the published definitions in double', () => {
    const steps = 2000;
    const g = gradientsOf(steps, 1).map((x) => x[0]!);
    /** Σ_s decay^(t-s) x_s: a moving sum from its definition, not as a recurrence. */
    const moving = (decay: number, x: readonly number[], t: number) => {
      let sum = 0;
      for (let s = 0; s <= t; s++) sum += decay ** (t - s) * x[s]!;
      return sum;
    };
    const squares = g.map((x) => x * x);
    const expected: Record<string, (t: number) => number> = {
      sgd: (t) => -0.1 * g[t]!,
      momentum: (t) => -0.1 * moving(0.9, g, t),
      nag: (t) => -0.1 * (g[t]! + 0.9 * moving(0.9, g, t)),
      rmsprop: (t) => (-0.1 * g[t]!) / (Math.sqrt(0.01 * moving(0.99, squares, t)) + 1e-5),
      adagrad: (t) => (-0.1 * g[t]!) / (Math.sqrt(moving(1, squares, t)) + 1e-10),
      adam: (t) => {
        const m = (0.1 * moving(0.9, g, t)) / (1 - 0.9 ** (t + 1));
        const v = (0.001 * moving(0.999, squares, t)) / (1 - 0.999 ** (t + 1));
        return (-0.1 * m) / (Math.sqrt(v) + 1e-8);
      },
      lion: (t) => -0.1 * Math.sign(0.9 * 0.01 * (t === 0 ? 0 : moving(0.99, g, t - 1)) + 0.1 * g[t]!),
    };
    for (const [name, formula] of Object.entries(expected)) {
      const updates = respond(
        ruleSpec(name),
        g.map((x) => Float32Array.of(x)),
      );
      for (const t of [0, 1, 2, 10, 100, 500, steps - 1]) {
        const error = Math.abs(updates[t]![0]! - formula(t));
        assert.ok(error < 1e-4 * 0.1, `${name}, step ${t}: ${updates[t]![0]}, by definition ${formula(t)}`);
      }
    }
  });

  function constant(g: number, steps: number): Float32Array[] {
    return Array.from({ length: steps }, () => Float32Array.of(g));
  }
});

describe('against other implementations, in double, on a function that is neither quadratic nor separable', () => {
  // fixtures.py made the file, and names the packages.
  const file = new URL('../../../../test/core/optimizers/fixtures.json', import.meta.url);
  const { c, start, every, cases }: Fixtures = JSON.parse(readFileSync(file, 'utf8'));

  /** The gradient of Σ c_i (1 - cos θ_i) + (Σ θ_i - 1)² / 2. */
  const gradientAt = (theta: Float32Array) => {
    const excess = theta.reduce((a, b) => a + b) - 1;
    return theta.map((x, i) => c[i]! * Math.sin(x) + excess);
  };

  it('every rule has its case', () =>
    assert.deepEqual(cases.map(({ rule }) => rule.name).sort(), Object.keys(rules).sort()));

  for (const { source, rule, path } of cases)
    it(`${rule.name} follows ${source}`, () => {
      assert.ok(compile(RuleSpec)(rule));
      const ours = follow(rule, gradientAt, Float32Array.from(start), every * path.length);
      for (const [i, theirs] of path.entries())
        for (const [j, x] of theirs.entries()) {
          const error = Math.abs(ours[every * (i + 1)]![j]! - x);
          assert.ok(error < 2e-6, `step ${every * (i + 1)}, coordinate ${j}: off by ${error}`);
        }
    });
});

interface Fixtures {
  c: number[];
  start: number[];
  every: number;
  cases: { source: string; rule: TunedRule; path: number[][] }[];
}
