import type { LearnedSpec } from '../../contract/optimizers.js';
import type { StepRates } from '../../contract/use.js';
import type { Engine } from '../engines/engine.js';
import { stateLayout } from '../engines/state-layout.js';
import { largest } from '../optimizers/rule.js';
import type { FunctionBatch } from '../problems/batch.js';

/** A learned optimizer's behaviour on functions, over a few moments of the horizon. */
export interface Behaviour {
  /** Root mean square of the updates θ_{t+1} - θ_t. */
  readonly updateSize: number;
  /** Share of the updates with the sign of -∇f(θ_t), among those where neither is 0; null if there are none. */
  readonly signAgreement: number | null;
  /** Share of the LSTMs' outputs h, or of other states in (-1, 1), beyond ±{@link saturated}; null without any. */
  readonly saturation: number | null;
  /** Whether a state of a network or a rule overflowed fp32. */
  readonly overflowed: boolean;
}

/** |h| < 1; beyond this, tanh is nearly flat. */
export const saturated = 0.9;

/** Number of moments, evenly spaced from the first step. */
const moments = 4;

/** Optimises functions from their start and examines single steps. The training state is not touched. */
export async function probe(
  engine: Engine,
  optimizer: LearnedSpec,
  phi: Float32Array,
  batch: FunctionBatch,
  horizon: number,
  rates?: StepRates,
): Promise<Behaviour> {
  const functions = await engine.openFunctions(batch);
  try {
    const episode = await engine.openEpisode(optimizer, batch, { rates });
    try {
      const { bounded } = stateLayout(optimizer, batch);
      const [squares, agreeing, large] = [new Share(), new Share(), new Share()];
      let overflowed = false;
      let now = await episode.state();
      for (let i = 0; i < moments && i < horizon; i++) {
        const step = Math.floor((i * horizon) / Math.min(moments, horizon));
        if (step > now.step) {
          await episode.advance(phi, step - now.step);
          now = await episode.state();
        }
        const before = now.theta.slice();
        const { gradient } = await functions.evaluate(before, step);
        await episode.advance(phi, 1);
        now = await episode.state();
        for (const [c, theta] of now.theta.entries()) {
          const update = theta - before[c]!;
          squares.add(update * update);
          if (update !== 0 && gradient[c] !== 0) agreeing.add(update * gradient[c]! < 0 ? 1 : 0);
        }
        overflowed ||= !now.hidden.every((value) => Math.abs(value) < largest);
        for (const [from, to] of bounded)
          for (let k = from; k < to; k++) large.add(Math.abs(now.hidden[k]!) > saturated ? 1 : 0);
      }
      return { updateSize: Math.sqrt(squares.mean!), signAgreement: agreeing.mean, saturation: large.mean, overflowed };
    } finally {
      episode.dispose();
    }
  } finally {
    functions.dispose();
  }
}

/** A running mean. */
class Share {
  private sum = 0;
  private count = 0;

  add(value: number): void {
    this.sum += value;
    this.count++;
  }

  get mean(): number | null {
    return this.count === 0 ? null : this.sum / this.count;
  }
}
