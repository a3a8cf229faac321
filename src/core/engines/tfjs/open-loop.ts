import type { LearnedSpec } from '../../../contract/optimizers.js';
import type { FunctionBatch } from '../../problems/batch.js';
import type { Tf } from '../../problems/problem.js';
import type { OpenLoop, OpenLoopState } from '../engine.js';
import { type Back, GroupOptimizers, gradientOf } from './group-optimizers.js';
import type { Trace } from './networks/networks.js';
import { tensorsIn } from './tensors.js';

export class TfjsOpenLoop implements OpenLoop {
  private readonly optimizers: GroupOptimizers;
  private step: number;

  constructor(
    private readonly tf: Tf,
    optimizer: LearnedSpec,
    private readonly batch: FunctionBatch,
    state?: OpenLoopState,
  ) {
    this.optimizers = new GroupOptimizers(tf, optimizer, batch, { state });
    this.optimizers.checkBackward();
    this.step = state?.step ?? 0;
  }

  async backPropagate(
    phi: Float32Array,
    observed: Float32Array,
    derivativesOf: (updates: Float32Array) => Float32Array,
  ): Promise<Float32Array> {
    const { tf, optimizers } = this;
    const { count, dimension } = this.batch;
    const size = count * dimension;
    const steps = observed.length / size;
    const at = (all: Float32Array, t: number) => tf.tensor2d(all.slice(t * size, (t + 1) * size), [count, dimension]);
    const { parts, hidden } = tf.tidy(() => {
      const nets = optimizers.networks(phi);
      const updates = new Float32Array(observed.length);
      const traces: (Trace | undefined)[][] = [];
      let hidden = [...optimizers.now];
      for (let t = 0; t < steps; t++) {
        const taken = tf.tidy(() => {
          const { update, ...kept } = optimizers.updates(nets, null, at(observed, t), this.step + t, hidden);
          updates.set(update.dataSync<'float32'>(), t * size);
          return kept;
        });
        hidden = taken.hidden;
        traces.push(taken.traces);
      }
      const derivatives = derivativesOf(updates);
      let back: Back = optimizers.end;
      for (let t = steps - 1; t >= 0; t--) {
        const before = back;
        back = tf.tidy(() => {
          const { dHidden, total } = optimizers.back(nets, traces[t]!, at(derivatives, t), before, false);
          return { dHidden, total };
        });
        tf.dispose(tensorsIn(before));
      }
      return { parts: back.total.flat(), hidden };
    });
    optimizers.keep(hidden);
    this.step += steps;
    return gradientOf(tf, parts);
  }

  async state(): Promise<OpenLoopState> {
    return { hidden: await this.optimizers.state(), step: this.step };
  }

  dispose(): void {
    this.optimizers.dispose();
  }
}
