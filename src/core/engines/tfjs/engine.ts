import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { EngineInfo } from '../../../contract/events.js';
import type { LearnedSpec } from '../../../contract/optimizers.js';
import type { EngineSpec } from '../../../contract/spec.js';
import type { FunctionBatch } from '../../problems/batch.js';
import type { DataTensors, Evaluation, FunctionData, Part, Shapes, Tf } from '../../problems/problem.js';
import { problemOf } from '../../problems/registry.js';
import type { Engine, Episode, EpisodeState, OpenFunctions, UnrollOptions } from '../engine.js';
import { loadBackend } from './backend.js';
import { type Hidden, type Network, networkOf, type StepTrace, step, stepBackward, zeroHidden } from './network.js';
import { hessianProductOf } from './support.js';

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
    openEpisode: async (optimizer, batch, state) => new TfjsEpisode(tf, optimizer, batch, state),
    async respond(optimizer, phi, gradients, n) {
      const updates = new Float32Array(gradients.length);
      tf.tidy(() => {
        const net = networkOf(tf, optimizer, phi, n);
        let hidden = zeroHidden(tf, optimizer, n);
        for (let offset = 0; offset < gradients.length; offset += n) {
          const gradient = tf.tensor2d(gradients.slice(offset, offset + n), [1, n]);
          const taken = step(tf, optimizer, net, gradient, hidden);
          updates.set(taken.update.dataSync<'float32'>(), offset);
          hidden = taken.hidden;
        }
      });
      return updates;
    },
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

  /** With what is drawn at a step; the caller disposes of that. */
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
  private theta: Tensor2D;
  private hidden: Hidden;
  private step: number;

  constructor(
    private readonly tf: Tf,
    private readonly optimizer: LearnedSpec,
    batch: FunctionBatch,
    state?: EpisodeState,
  ) {
    this.family = new Family(tf, batch);
    const { count, dimension } = batch;
    this.theta = tf.tensor2d((state?.theta ?? batch.start).slice(), [count, dimension]);
    this.hidden = state
      ? hiddenFrom(tf, optimizer, state.hidden, count * dimension)
      : zeroHidden(tf, optimizer, count * dimension);
    this.step = state?.step ?? 0;
  }

  async advance(phi: Float32Array, steps: number): Promise<Float32Array> {
    return (await this.run(phi, steps, null)).losses;
  }

  async unroll(phi: Float32Array, options: UnrollOptions) {
    return this.run(phi, options.steps, options);
  }

  /** Goes forward, and back where there are options for it; leaves the new state in this episode. */
  private async run(phi: Float32Array, steps: number, options: UnrollOptions | null) {
    const { tf } = this;
    const { losses, parts, theta, hidden } = tf.tidy(() => {
      const net = networkOf(tf, this.optimizer, phi, this.theta.size);
      const forward = this.forward(net, steps, options !== null);
      return {
        losses: tf.stack(forward.losses),
        parts: options ? this.backward(net, forward, options) : [],
        theta: forward.thetas.at(-1)!,
        hidden: forward.hidden,
      };
    });
    tf.dispose([this.theta, ...tensorsIn(this.hidden)]);
    this.theta = theta;
    this.hidden = hidden;
    this.step += steps;
    const gradient = new Float32Array(phi.length);
    let offset = 0;
    for (const part of parts) {
      gradient.set(await part.data<'float32'>(), offset);
      offset += part.size;
    }
    const values = await losses.data<'float32'>();
    tf.dispose([losses, ...parts]);
    return { losses: values, gradient };
  }

  /** Without a trace, only the state of the last step is held. */
  private forward(net: Network, steps: number, withTrace: boolean): Forward {
    const { tf, optimizer, family } = this;
    const forward: Forward = { losses: [], thetas: [this.theta], gradients: [], traces: [], hidden: this.hidden };
    for (let t = 0; t < steps; t++) {
      const theta = forward.thetas.at(-1)!;
      const taken = tf.tidy(() => {
        const { losses, gradient, observed = gradient } = family.evaluate(theta, this.step + t);
        const { update, hidden, trace } = step(tf, optimizer, net, tf.reshape(observed, [1, -1]), forward.hidden);
        const next = tf.add<Tensor2D>(theta, tf.reshape(update, [...theta.shape]));
        return { losses, next, hidden, kept: withTrace ? [{ gradient, trace }] : [] };
      });
      if (!withTrace && t > 0) tf.dispose([forward.thetas.pop()!, ...tensorsIn(forward.hidden)]);
      forward.losses.push(taken.losses);
      forward.thetas.push(taken.next);
      forward.hidden = taken.hidden;
      for (const { gradient, trace } of taken.kept) {
        forward.gradients.push(gradient);
        forward.traces.push(trace);
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
   * ones add ∇²f(θ_t) dL/d∇_t, where ∇_t is what the network was fed. dL/dupdate_t is dL/dθ_{t+1}.
   */
  private backward(net: Network, { thetas, gradients, traces }: Forward, options: UnrollOptions): Tensor[] {
    const { tf, optimizer, family } = this;
    const { steps, weights, secondDerivatives } = options;
    const exact = secondDerivatives === 'exact';
    const weigh = (t: number) => tf.mul<Tensor2D>(gradients[t]!, weights[t]! / family.batch.count);
    const shape = [family.batch.count, family.batch.dimension] as [number, number];
    let state = { dTheta: weigh(steps), dHidden: [] as Hidden, total: [] as Tensor[] };
    for (let t = steps - 1; t >= 0; t--) {
      const before = state;
      state = tf.tidy(() => {
        const dUpdate = tf.reshape(before.dTheta, [1, -1]) as Tensor2D;
        const back = stepBackward(tf, optimizer, net, traces[t]!, dUpdate, before.dHidden, exact);
        let dTheta = tf.add<Tensor2D>(before.dTheta, weigh(t));
        if (back.dGradient) {
          const v = tf.reshape(back.dGradient, shape) as Tensor2D;
          dTheta = tf.add(dTheta, family.hessianProduct(thetas[t]!, v, this.step + t));
        }
        const total = back.weights.map((part, i) => (before.total[i] ? tf.add(before.total[i], part) : part));
        return { dTheta, dHidden: back.dHidden, total };
      });
      tf.dispose(tensorsIn(before));
    }
    return state.total;
  }

  async state(): Promise<EpisodeState> {
    const theta = (await this.theta.data<'float32'>()).slice();
    const parts = await Promise.all(this.hidden.flatMap(({ h, c }) => [h.data<'float32'>(), c.data<'float32'>()]));
    const hidden = new Float32Array(parts.reduce((n, part) => n + part.length, 0));
    let offset = 0;
    for (const part of parts) {
      hidden.set(part, offset);
      offset += part.length;
    }
    return { theta, hidden, step: this.step };
  }

  dispose(): void {
    this.family.dispose();
    this.tf.dispose([this.theta, ...tensorsIn(this.hidden)]);
  }
}

/** An unroll's way forward. */
interface Forward {
  /** f(θ_t) [B], t = 0 … steps */
  losses: Tensor1D[];
  /** θ_t [B, d], t = 0 … steps with a trace; else the first and the last */
  thetas: Tensor2D[];
  /** ∇f(θ_t) [B, d], t = 0 … steps with a trace */
  gradients: Tensor2D[];
  traces: StepTrace[];
  /** The state after the last step. */
  hidden: Hidden;
}

function hiddenFrom(tf: Tf, { layers }: LearnedSpec, values: Float32Array, n: number): Hidden {
  let offset = 0;
  const take = (units: number) => {
    const part = values.slice(offset, offset + n * units);
    offset += part.length;
    return tf.tensor2d(part, [units, n]);
  };
  return layers.map((units) => ({ h: take(units), c: take(units) }));
}

/** The tensors anywhere in an object. */
function tensorsIn(value: unknown): Tensor[] {
  if (value === null || typeof value !== 'object') return [];
  if ('dataId' in value) return [value as Tensor];
  return Object.values(value).flatMap(tensorsIn);
}
