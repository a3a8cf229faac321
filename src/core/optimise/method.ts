import type { Role } from '../../contract/results.js';
import type { Engine } from '../engines/engine.js';
import type { FunctionBatch } from '../problems/batch.js';

/** Functions being optimised; it yields after every few steps. @returns f(θ_t) [steps + 1, B] */
export type Optimisation = AsyncGenerator<void, Float32Array>;

/** A way to minimise functions: a rule, a learned optimizer, a yardstick. */
export interface Method {
  /** For tables and legends. */
  readonly label: string;
  readonly role: Role;
  /** Starts to optimise every function of a batch from its start. */
  optimise(engine: Engine, batch: FunctionBatch, steps: number): Optimisation;
}

/**
 * Optimises every function of a batch from its start, to the end.
 * @returns f(θ_t) [steps + 1, B]
 */
export async function optimise(
  engine: Engine,
  batch: FunctionBatch,
  method: Pick<Method, 'optimise'>,
  steps: number,
): Promise<Float32Array> {
  const running = method.optimise(engine, batch, steps);
  for (;;) {
    const { done, value } = await running.next();
    if (done) return value;
  }
}

/** Moves nothing: the losses at the start differ if each step has its own mini-batch or draws. */
export const standingStill: Pick<Method, 'optimise'> = {
  async *optimise(engine, batch, steps) {
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
  },
};
