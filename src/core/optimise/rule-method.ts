import { type RuleSpec, scheduleOf } from '../../contract/optimizers.js';
import { parametersOf } from '../../contract/problems.js';
import { rateAtStep, scheduleLabel } from '../../contract/use.js';
import type { Engine } from '../engines/engine.js';
import { ruleOf } from '../optimizers/registry.js';
import type { FunctionBatch } from '../problems/batch.js';
import type { Method, Optimisation } from './method.js';

/** A rule whose learning rate is known. */
export type TunedRule = RuleSpec & { learningRate: number };

/**
 * A hand-designed optimizer.
 * @param chosen tuned parameters to name in its label besides the rate
 */
export function ruleMethod(rule: TunedRule, chosen: Readonly<Record<string, number>> = {}): Method {
  const others = Object.entries(chosen).map(([name, value]) => `, ${name} ${value}`);
  return {
    // For example "SGD 0.1", or "NAG 0.01, momentum 0.8".
    label: `${ruleOf(rule).title} ${Number(rule.learningRate.toPrecision(3))}${scheduleLabel(scheduleOf(rule))}${others.join('')}`,
    role: 'baseline',
    optimise: (engine, batch, steps) => optimiseByRule(engine, batch, rule, steps),
  };
}

async function* optimiseByRule(engine: Engine, batch: FunctionBatch, spec: TunedRule, steps: number): Optimisation {
  const rule = ruleOf(spec);
  const schedule = scheduleOf(spec);
  const at = (t: number) =>
    schedule ? { ...spec, learningRate: rateAtStep({ learningRate: spec.learningRate, schedule }, t, steps) } : spec;
  const tensors = parametersOf(batch.problem);
  const functions = await engine.openFunctions(batch);
  try {
    const theta = batch.start.slice();
    const state = rule.init(theta.length);
    const update = new Float32Array(theta.length);
    const point = new Float32Array(rule.gradientPoint ? theta.length : 0);
    const all = new Float32Array((steps + 1) * batch.count);
    for (let t = 0; ; t++) {
      let evaluated = await functions.evaluate(theta, t);
      all.set(evaluated.losses, t * batch.count);
      if (t === steps) return all;
      if (rule.gradientPoint) {
        rule.gradientPoint(spec, theta, state, point);
        evaluated = await functions.evaluate(point, t);
      }
      const { gradient, observed = gradient } = evaluated;
      rule.update(at(t), observed, state, update, theta, tensors, engine.orthogonalise);
      for (let i = 0; i < theta.length; i++) theta[i]! += update[i]!;
      yield;
    }
  } finally {
    functions.dispose();
  }
}
