import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { EngineInfo } from '../../../contract/events.js';
import type { LearnedSpec } from '../../../contract/optimizers.js';
import type { EngineSpec } from '../../../contract/spec.js';
import type { FunctionBatch } from '../../problems/batch.js';
import type { DataTensors, Evaluation, FunctionData, Part, Shapes, Tf } from '../../problems/problem.js';
import { problemOf } from '../../problems/registry.js';
import {
  type Engine,
  type Episode,
  type EpisodeOptions,
  type EpisodeState,
  logOffset,
  type Objective,
  type OpenFunctions,
  type UnrollOptions,
} from '../engine.js';
import { tooSmall } from '../objective.js';
import { loadBackend } from './backend.js';
import { GroupOptimizers, gradientOf, type Networks } from './group-optimizers.js';
import type { NetworkState } from './networks/network.js';
import type { Trace } from './networks/networks.js';
import { TfjsOpenLoop } from './open-loop.js';
import { hessianProductOf } from './support.js';
import { tensorsIn } from './tensors.js';

/** The reference engine: tfjs operations, in fp32, on any tfjs backend. */
export async function createTfjsEngine(spec: EngineSpec): Promise<Engine> {
  const { tf, backend } = await loadBackend(spec.backend);
  const simd = backend === 'wasm' && (await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT'));
  const info: EngineInfo = {
    engine: 'tfjs',
    backend,
    version: tf.version_core,
    instructionSet: simd ? 'wasm-simd' : 'portable',
    threads: 1,
  };
  return {
    info,
    openFunctions: async (batch) => new TfjsFunctions(tf, batch),
    openEpisode: async (optimizer, batch, options) => new TfjsEpisode(tf, optimizer, batch, options),
    openLoop: async (optimizer, batch, state) => new TfjsOpenLoop(tf, optimizer, batch, state),
  };
}

/** A batch's functions on the backend. */
class Family {
  private readonly data: DataTensors;
  private readonly problem;
  private readonly parts: readonly Family[];

  constructor(
    private readonly tf: Tf,
    readonly batch: FunctionBatch,
  ) {
    this.problem = problemOf(batch.problem);
    this.data = this.tensorsOf(this.problem.shapes(batch.problem), batch.data);
    this.parts = batch.parts.map((part) => new Family(tf, part));
  }

  evaluate(theta: Tensor2D, step: number): Evaluation {
    return this.problem.evaluate(this.tf, this.dataAt(step), theta, this.batch.problem, this.partsAt(step));
  }

  hessianProduct(theta: Tensor2D, v: Tensor2D, step: number): Tensor2D {
    const { tf, batch } = this;
    const product = hessianProductOf(batch.problem);
    return product(tf, this.dataAt(step), theta, v, batch.problem, this.partsAt(step));
  }

  private partsAt(step: number): Part[] {
    return this.parts.map((part) => ({
      dimension: part.batch.dimension,
      evaluate: (theta) => part.evaluate(theta, step),
      hessianProduct: (theta, v) => part.hessianProduct(theta, v, step),
    }));
  }

  /** The data with the draws of a step, which the caller disposes of. */
  private dataAt(step: number): DataTensors {
    const { tf, data } = this;
    const { count, miniBatches, stepDraws } = this.batch;
    const drawn = stepDraws ? this.tensorsOf(stepDraws.shapes, stepDraws.at(step)) : {};
    if (!miniBatches) return { ...data, ...drawn };
    const { inputs, labels } = miniBatches.gather(step);
    const { size, classes, examples } = miniBatches;
    return {
      ...data,
      ...drawn,
      inputs: tf.tensor3d(inputs, [count, size, examples.width]),
      labels: tf.tensor3d(labels, [count, size, classes]),
    };
  }

  private tensorsOf(shapes: Shapes, arrays: FunctionData): DataTensors {
    const { tf, batch } = this;
    const named = Object.entries(shapes);
    return Object.fromEntries(named.map(([name, shape]) => [name, tf.tensor(arrays[name]!, [batch.count, ...shape])]));
  }

  dispose(): void {
    this.tf.dispose(Object.values(this.data));
    for (const part of this.parts) part.dispose();
  }
}

class TfjsFunctions implements OpenFunctions {
  private readonly family: Family;

  constructor(
    private readonly tf: Tf,
    batch: FunctionBatch,
  ) {
    this.family = new Family(tf, batch);
  }

  async evaluate(theta: Float32Array, step: number) {
    const { tf, family } = this;
    const { count, dimension } = family.batch;
    const found = tf.tidy(() => ({ ...family.evaluate(tf.tensor2d(theta.slice(), [count, dimension]), step) }));
    const { losses, gradient, observed } = found;
    const read = {
      losses: await losses.data<'float32'>(),
      gradient: await gradient.data<'float32'>(),
      ...(observed && { observed: await observed.data<'float32'>() }),
    };
    tf.dispose(tensorsIn(found));
    return read;
  }

  dispose(): void {
    this.family.dispose();
  }
}

class TfjsEpisode implements Episode {
  private readonly family: Family;
  private readonly optimizers: GroupOptimizers;
  private theta: Tensor2D;
  private step: number;

  constructor(
    private readonly tf: Tf,
    optimizer: LearnedSpec,
    batch: FunctionBatch,
    { state, rates }: EpisodeOptions = {},
  ) {
    const { count, dimension } = batch;
    this.family = new Family(tf, batch);
    this.optimizers = new GroupOptimizers(tf, optimizer, batch, { state, rates });
    this.theta = tf.tensor2d((state?.theta ?? batch.start).slice(), [count, dimension]);
    this.step = state?.step ?? 0;
  }

  async advance(phi: Float32Array, steps: number): Promise<Float32Array> {
    return (await this.run(phi, steps, null)).losses;
  }

  async unroll(phi: Float32Array, options: UnrollOptions) {
    this.optimizers.checkBackward();
    return this.run(phi, options.steps, options);
  }

  /** Runs forward, and backward if there are options; keeps the new state. */
  private async run(phi: Float32Array, steps: number, options: UnrollOptions | null) {
    const { tf, optimizers } = this;
    const { losses, parts, theta, hidden } = tf.tidy(() => {
      const nets = optimizers.networks(phi);
      const forward = this.forward(nets, steps, options !== null);
      return {
        losses: tf.stack(forward.losses),
        parts: options ? this.backward(nets, forward, options) : [],
        theta: forward.thetas.at(-1)!,
        hidden: forward.hidden,
      };
    });
    tf.dispose(this.theta);
    this.theta = theta;
    optimizers.keep(hidden);
    this.step += steps;
    const gradient = await gradientOf(tf, parts);
    const values = await losses.data<'float32'>();
    tf.dispose(losses);
    return { losses: values, gradient };
  }

  /** Without a trace, only the state of the last step is held. */
  private forward(nets: Networks, steps: number, withTrace: boolean): Forward {
    const { tf, family, optimizers } = this;
    const hidden = [...optimizers.now];
    const forward: Forward = { losses: [], thetas: [this.theta], gradients: [], traces: [], hidden };
    for (let t = 0; t < steps; t++) {
      const theta = forward.thetas.at(-1)!;
      const taken = tf.tidy(() => {
        const { losses, gradient, observed = gradient } = family.evaluate(theta, this.step + t);
        const { update, hidden, traces } = optimizers.updates(nets, theta, observed, this.step + t, forward.hidden);
        const next = tf.add<Tensor2D>(theta, update);
        return { losses, next, hidden, kept: withTrace ? [{ gradient, traces }] : [] };
      });
      if (!withTrace && t > 0) tf.dispose([forward.thetas.pop()!, ...tensorsIn(forward.hidden)]);
      forward.losses.push(taken.losses);
      forward.thetas.push(taken.next);
      forward.hidden = taken.hidden;
      for (const { gradient, traces } of taken.kept) {
        forward.gradients.push(gradient);
        forward.traces.push(traces);
      }
    }
    const { losses, gradient } = tf.tidy(() => {
      const { losses, gradient } = family.evaluate(forward.thetas.at(-1)!, this.step + steps);
      return { losses, gradient };
    });
    forward.losses.push(losses);
    forward.gradients.push(gradient);
    return forward;
  }

  /**
   * Back-propagation through the trace. With second derivatives dropped, dL/dθ_t is w_t ∇f(θ_t) + dL/dθ_{t+1}; exact
   * ones add ∇²f(θ_t) dL/d∇_t, where ∇_t is the networks' input. dL/dupdate_t is dL/dθ_{t+1}. An objective ℓ
   * turns w_t into w_t ℓ'(f(θ_t)), per function. With exact derivatives there are no rules.
   * @returns dL/dφ, one matrix per affine map of each group
   */
  private backward(nets: Networks, { losses, thetas, gradients, traces }: Forward, options: UnrollOptions): Tensor[] {
    const { tf, optimizers, family } = this;
    const { steps, weights, secondDerivatives, objective = { name: 'loss' } } = options;
    const exact = secondDerivatives === 'exact';
    const derivative = objectiveDerivativeAt(tf, losses, objective);
    const weigh = (t: number) => {
      const weight = weights[t]! / family.batch.count;
      return tf.tidy(() => tf.mul<Tensor2D>(gradients[t]!, derivative ? tf.mul(derivative(t), weight) : weight));
    };
    let state = { dTheta: weigh(steps), ...optimizers.end };
    for (let t = steps - 1; t >= 0; t--) {
      const before = state;
      state = tf.tidy(() => {
        const { dHidden, total, dGradient } = optimizers.back(nets, traces[t]!, before.dTheta, before, exact);
        let dTheta = tf.add<Tensor2D>(before.dTheta, weigh(t));
        if (dGradient) dTheta = tf.add(dTheta, family.hessianProduct(thetas[t]!, dGradient, this.step + t));
        return { dTheta, dHidden, total };
      });
      tf.dispose(tensorsIn(before));
    }
    return state.total.flat();
  }

  async state(): Promise<EpisodeState> {
    const theta = (await this.theta.data<'float32'>()).slice();
    return { theta, hidden: await this.optimizers.state(), step: this.step };
  }

  dispose(): void {
    this.family.dispose();
    this.optimizers.dispose();
    this.tf.dispose(this.theta);
  }
}

/** ℓ'(f(θ_t)) [B, 1] as a function of t, or null if it is 1. */
function objectiveDerivativeAt(
  tf: Tf,
  losses: readonly Tensor1D[],
  objective: Objective,
): ((t: number) => Tensor) | null {
  switch (objective.name) {
    case 'loss':
      return null;
    case 'log':
      return (t) => {
        const loss = tf.expandDims(losses[t]!, 1);
        return tf.div(tf.cast(tf.greaterEqual(loss, 0), 'float32'), tf.add(tf.relu(loss), logOffset));
      };
    case 'relative': {
      const initial = objective.initial ? tf.tensor1d(objective.initial) : losses[0]!;
      const size = tf.abs(tf.expandDims(initial, 1));
      const derivative = tf.reciprocal(tf.where(tf.lessEqual(size, tooSmall), tf.onesLike(size), size));
      return () => derivative;
    }
  }
}

/** An unroll's forward pass. */
interface Forward {
  /** f(θ_t) [B], t = 0 … steps */
  losses: Tensor1D[];
  /** θ_t [B, d], t = 0 … steps with a trace; else the first and the last */
  thetas: Tensor2D[];
  /** ∇f(θ_t) [B, d], t = 0 … steps with a trace */
  gradients: Tensor2D[];
  /** Per step and group; a rule has none */
  traces: (Trace | undefined)[][];
  /** The state of each group after the last step. */
  hidden: NetworkState[];
}
