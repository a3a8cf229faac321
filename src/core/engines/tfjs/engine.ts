import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { EngineInfo } from '../../../contract/events.js';
import { type Group, groupsOf, isNetwork } from '../../../contract/groups.js';
import type { GroupRule, LearnedSpec } from '../../../contract/optimizers.js';
import type { EngineSpec } from '../../../contract/spec.js';
import { ruleOf } from '../../optimizers/registry.js';
import type { RuleState } from '../../optimizers/rule.js';
import type { FunctionBatch } from '../../problems/batch.js';
import type { DataTensors, Evaluation, FunctionData, Part, Shapes, Tf } from '../../problems/problem.js';
import { problemOf } from '../../problems/registry.js';
import { weightsByGroup } from '../../weights/shapes.js';
import {
  type Engine,
  type Episode,
  type EpisodeState,
  logOffset,
  type Objective,
  type OpenFunctions,
  type UnrollOptions,
} from '../engine.js';
import { loadBackend } from './backend.js';
import { Blocks } from './blocks.js';
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
    async respond(network, phi, gradients, n, width = 1) {
      const updates = new Float32Array(gradients.length);
      tf.tidy(() => {
        const net = networkOf(tf, network, phi, width, n);
        let hidden = zeroHidden(tf, network, n);
        const size = width * n;
        for (let offset = 0; offset < gradients.length; offset += size) {
          const gradient = tf.tensor2d(gradients.slice(offset, offset + size), [width, n]);
          const taken = step(tf, network, net, gradient, hidden);
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
  private readonly groups: Group[];
  private readonly blocks: Blocks;
  private theta: Tensor2D;
  /** Of each group; of a rule, nothing. */
  private hidden: Hidden[];
  /** Of each group; of a network, null. */
  private readonly rules: (RuleState | null)[];
  private step: number;

  constructor(
    private readonly tf: Tf,
    optimizer: LearnedSpec,
    batch: FunctionBatch,
    state?: EpisodeState,
  ) {
    const { count, dimension } = batch;
    this.family = new Family(tf, batch);
    this.groups = groupsOf(optimizer, batch.problem);
    this.blocks = new Blocks(tf, this.groups, count);
    this.theta = tf.tensor2d((state?.theta ?? batch.start).slice(), [count, dimension]);
    this.step = state?.step ?? 0;
    this.hidden = this.groups.map((group, i) =>
      isNetwork(group) ? zeroHidden(tf, group.optimizer, this.blocks.counts[i]!) : [],
    );
    this.rules = this.groups.map((group, i) =>
      isNetwork(group) ? null : ruleOf(group.optimizer).init(this.blocks.counts[i]!),
    );
    if (state) this.restore(state);
  }

  async advance(phi: Float32Array, steps: number): Promise<Float32Array> {
    return (await this.run(phi, steps, null)).losses;
  }

  async unroll(phi: Float32Array, options: UnrollOptions) {
    return this.run(phi, options.steps, options);
  }

  /** Goes forward, and back where there are options for it; leaves the new state in this episode. */
  private async run(phi: Float32Array, steps: number, options: UnrollOptions | null) {
    const { tf, groups } = this;
    const weights = weightsByGroup(groups, phi);
    const { losses, parts, theta, hidden } = tf.tidy(() => {
      const nets = groups.map((group, i) =>
        isNetwork(group) ? networkOf(tf, group.optimizer, weights[i]!, group.width, this.blocks.counts[i]!) : null,
      );
      const forward = this.forward(nets, steps, options !== null);
      return {
        losses: tf.stack(forward.losses),
        parts: options ? this.backward(nets, forward, options).flat() : [],
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
  private forward(nets: readonly (Network | null)[], steps: number, withTrace: boolean): Forward {
    const { tf, family } = this;
    const forward: Forward = { losses: [], thetas: [this.theta], gradients: [], traces: [], hidden: this.hidden };
    for (let t = 0; t < steps; t++) {
      const theta = forward.thetas.at(-1)!;
      const taken = tf.tidy(() => {
        const { losses, gradient, observed = gradient } = family.evaluate(theta, this.step + t);
        const { update, hidden, traces } = this.updates(nets, theta, observed, forward.hidden);
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

  /** What each group makes of its part of a gradient [B, d]; rules change their states in place. */
  private updates(nets: readonly (Network | null)[], theta: Tensor2D, gradient: Tensor2D, hidden: readonly Hidden[]) {
    const { tf, groups, blocks, rules } = this;
    const gradients = blocks.cut(gradient);
    const thetas = rules.some((state) => state !== null) ? blocks.cut(theta) : [];
    const taken = groups.map((group, i) => {
      if (isNetwork(group)) return step(tf, group.optimizer, nets[i]!, gradients[i]!, hidden[i]!);
      const update = ruleStep(tf, group.optimizer, rules[i]!, gradients[i]!, thetas[i]!);
      return { update, hidden: [], trace: undefined };
    });
    return {
      update: blocks.join(taken.map(({ update }) => update)),
      hidden: taken.map(({ hidden }) => hidden),
      traces: taken.map(({ trace }) => trace),
    };
  }

  /**
   * Back-propagation through the trace. With second derivatives dropped, dL/dθ_t is w_t ∇f(θ_t) + dL/dθ_{t+1}; exact
   * ones add ∇²f(θ_t) dL/d∇_t, where ∇_t is what the networks were fed. dL/dupdate_t is dL/dθ_{t+1}. An objective ℓ
   * makes w_t into w_t ℓ'(f(θ_t)), each function its own. A rule has no weights, and with second derivatives dropped its updates are constants; with exact ones there are no rules.
   * @returns dL/dφ, one matrix for each affine map of each group
   */
  private backward(
    nets: readonly (Network | null)[],
    { losses, thetas, gradients, traces }: Forward,
    options: UnrollOptions,
  ): Tensor[][] {
    const { tf, groups, blocks, family } = this;
    const { steps, weights, secondDerivatives, objective = { name: 'loss' } } = options;
    const exact = secondDerivatives === 'exact';
    const slopes = slopesOf(tf, losses, objective);
    const weigh = (t: number) => {
      const weight = weights[t]! / family.batch.count;
      return tf.tidy(() => tf.mul<Tensor2D>(gradients[t]!, slopes ? tf.mul(slopes(t), weight) : weight));
    };
    const none = groups.map(() => []);
    let state = { dTheta: weigh(steps), dHidden: none as Hidden[], total: none as Tensor[][] };
    for (let t = steps - 1; t >= 0; t--) {
      const before = state;
      state = tf.tidy(() => {
        const dUpdates = blocks.cut(before.dTheta);
        const back = groups.map((group, i) => {
          if (!isNetwork(group)) return { weights: [], dHidden: [], dGradient: null };
          return stepBackward(tf, group.optimizer, nets[i]!, traces[t]![i]!, dUpdates[i]!, before.dHidden[i]!, exact);
        });
        let dTheta = tf.add<Tensor2D>(before.dTheta, weigh(t));
        if (exact) {
          const v = blocks.join(back.map(({ dGradient }) => dGradient!));
          dTheta = tf.add(dTheta, family.hessianProduct(thetas[t]!, v, this.step + t));
        }
        const total = back.map(({ weights }, i) =>
          weights.map((part, j): Tensor => (before.total[i]![j] ? tf.add(before.total[i]![j]!, part) : part)),
        );
        return { dTheta, dHidden: back.map(({ dHidden }) => dHidden), total };
      });
      tf.dispose(tensorsIn(before));
    }
    return state.total;
  }

  async state(): Promise<EpisodeState> {
    const theta = (await this.theta.data<'float32'>()).slice();
    const parts: Float32Array[] = [];
    for (const [i, hidden] of this.hidden.entries()) {
      for (const { h, c } of hidden) parts.push(await h.data<'float32'>(), await c.data<'float32'>());
      parts.push(...(this.rules[i]?.vectors ?? []));
    }
    const hidden = new Float32Array(parts.reduce((n, part) => n + part.length, 0));
    let offset = 0;
    for (const part of parts) {
      hidden.set(part, offset);
      offset += part.length;
    }
    return { theta, hidden, step: this.step };
  }

  /** Goes on from where {@link state} was taken. */
  private restore({ hidden, step }: EpisodeState): void {
    const { tf, rules } = this;
    let offset = 0;
    const take = (size: number) => {
      offset += size;
      return hidden.slice(offset - size, offset);
    };
    const fresh = this.hidden;
    this.hidden = fresh.map((layers, i) => {
      for (const vector of rules[i]?.vectors ?? []) vector.set(take(vector.length));
      return layers.map(({ h, c }) => ({
        h: tf.tensor2d(take(h.size), h.shape),
        c: tf.tensor2d(take(c.size), c.shape),
      }));
    });
    tf.dispose(tensorsIn(fresh));
    for (const state of rules) if (state) state.steps = step;
  }

  dispose(): void {
    this.family.dispose();
    this.blocks.dispose();
    this.tf.dispose([this.theta, ...tensorsIn(this.hidden)]);
  }
}

/** ℓ'(f(θ_t)) [B, 1] of a step, or null where that is 1. */
function slopesOf(tf: Tf, losses: readonly Tensor1D[], objective: Objective): ((t: number) => Tensor) | null {
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
      const slope = tf.reciprocal(tf.expandDims(initial, 1));
      return () => slope;
    }
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
  /** Of each step, those of the groups; a rule has none */
  traces: (StepTrace | undefined)[][];
  /** The state of each group after the last step. */
  hidden: Hidden[];
}

/** A hand-written rule's update [1, N]; its state is changed in place. */
function ruleStep(tf: Tf, spec: GroupRule, state: RuleState, gradient: Tensor2D, theta: Tensor2D): Tensor2D {
  const update = new Float32Array(gradient.size);
  ruleOf(spec).update(spec, gradient.dataSync<'float32'>(), state, update, theta.dataSync<'float32'>());
  return tf.tensor2d(update, gradient.shape);
}

/** The tensors anywhere in an object. */
function tensorsIn(value: unknown): Tensor[] {
  if (value === null || typeof value !== 'object') return [];
  if ('dataId' in value) return [value as Tensor];
  return Object.values(value).flatMap(tensorsIn);
}
