import type { LearnedSpec, RuleSpec } from '../../contract/optimizers.js';
import type { Engine } from '../engines/engine.js';
import { ruleOf } from '../optimizers/registry.js';
import type { FunctionBatch } from '../problems/batch.js';

/** A rule whose learning rate is known. */
export type TunedRule = RuleSpec & { learningRate: number };

/** A trained optimizer. */
export interface Learned {
  readonly spec: LearnedSpec;
  readonly phi: Float32Array;
}

/**
 * Optimises every function of a batch, from its start, with a hand-written rule.
 * @returns f(θ_t) [steps + 1, B], t = 0 … steps
 */
export async function optimiseByRule(
  engine: Engine,
  batch: FunctionBatch,
  spec: TunedRule,
  steps: number,
): Promise<Float32Array> {
  const rule = ruleOf(spec);
  const functions = await engine.openFunctions(batch);
  try {
    const theta = batch.start.slice();
    const state = rule.init(theta.length);
    const update = new Float32Array(theta.length);
    const point = new Float32Array(rule.gradientPoint ? theta.length : 0);
    const all = new Float32Array((steps + 1) * batch.count);
    for (let t = 0; t <= steps; t++) {
      let evaluated = await functions.evaluate(theta, t);
      all.set(evaluated.losses, t * batch.count);
      if (t === steps) break;
      if (rule.gradientPoint) {
        rule.gradientPoint(spec, theta, state, point);
        evaluated = await functions.evaluate(point, t);
      }
      const { gradient, observed = gradient } = evaluated;
      rule.update(spec, observed, state, update, theta);
      for (let i = 0; i < theta.length; i++) theta[i]! += update[i]!;
    }
    return all;
  } finally {
    functions.dispose();
  }
}

/** The same with a learned optimizer. */
export async function optimiseByLearned(
  engine: Engine,
  batch: FunctionBatch,
  { spec, phi }: Learned,
  steps: number,
): Promise<Float32Array> {
  const episode = await engine.openEpisode(spec, batch);
  try {
    return await episode.advance(phi, steps);
  } finally {
    episode.dispose();
  }
}

/** Functions to take at once: about 8,192 coordinates, so that one pull stays short. */
export function chunkSize(dimension: number): number {
  return Math.max(1, Math.floor(8192 / dimension));
}
