import type { BaselineSpec, LearnedSpec, RuleSpec } from '../../contract/optimizers.js';
import type { TrainedOn } from '../../contract/results.js';
import type { Engine } from '../engines/engine.js';
import { ruleOf } from '../optimizers/registry.js';
import type { FunctionBatch } from '../problems/batch.js';
import { optimiseByConjugateGradients } from './conjugate-gradients.js';

/** A rule whose learning rate is known. */
export type TunedRule = RuleSpec & { learningRate: number };

/** A trained optimizer. */
export interface Learned {
  readonly spec: LearnedSpec;
  readonly phi: Float32Array;
  /** If known. */
  readonly trainedOn?: TrainedOn;
}

/** An optimizer in a comparison: a baseline with its parameters, or the learned optimizer. */
export type Contender = TunedRule | Extract<BaselineSpec, { name: 'conjugate-gradients' }> | Learned;

/** Functions being optimised; it yields after every few steps. @returns f(θ_t) [steps + 1, B] */
export type Optimisation = AsyncGenerator<void, Float32Array>;

/** Starts to optimise every function of a batch from its start. */
export function optimisation(engine: Engine, batch: FunctionBatch, contender: Contender, steps: number): Optimisation {
  if ('phi' in contender) return optimiseByLearned(engine, batch, contender, steps);
  if (contender.name === 'conjugate-gradients') return optimiseByConjugateGradients(engine, batch, steps);
  return optimiseByRule(engine, batch, contender, steps);
}

/**
 * Runs {@link optimisation} to its end.
 * @returns f(θ_t) [steps + 1, B]
 */
export async function optimise(...given: Parameters<typeof optimisation>): Promise<Float32Array> {
  const running = optimisation(...given);
  for (;;) {
    const { done, value } = await running.next();
    if (done) return value;
  }
}

async function* optimiseByRule(engine: Engine, batch: FunctionBatch, spec: TunedRule, steps: number): Optimisation {
  const rule = ruleOf(spec);
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
      rule.update(spec, observed, state, update, theta);
      for (let i = 0; i < theta.length; i++) theta[i]! += update[i]!;
      yield;
    }
  } finally {
    functions.dispose();
  }
}

/** The losses of staying at the start: they differ if each step has its own mini-batch or draws. */
export async function* standStill(engine: Engine, batch: FunctionBatch, steps: number): Optimisation {
  const functions = await engine.openFunctions(batch);
  try {
    const all = new Float32Array((steps + 1) * batch.count);
    for (let t = 0; ; t++) {
      const { losses } = await functions.evaluate(batch.start, t);
      all.set(losses, t * batch.count);
      if (t === steps) return all;
      yield;
    }
  } finally {
    functions.dispose();
  }
}

/** Coordinates × steps per call: about 0.1 s for an LSTM of ordinary size. */
const stepsAtOnce = 2 ** 17;

async function* optimiseByLearned(
  engine: Engine,
  batch: FunctionBatch,
  { spec, phi }: Learned,
  steps: number,
): Optimisation {
  const episode = await engine.openEpisode(spec, batch);
  try {
    const all = new Float32Array((steps + 1) * batch.count);
    const part = Math.max(1, Math.floor(stepsAtOnce / batch.start.length));
    for (let t = 0; ; ) {
      const next = Math.min(steps, t + part);
      all.set(await episode.advance(phi, next - t), t * batch.count);
      if (next === steps) return all;
      t = next;
      yield;
    }
  } finally {
    episode.dispose();
  }
}
