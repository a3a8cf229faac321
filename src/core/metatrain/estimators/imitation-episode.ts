import type { GroupRule, LearnedSpec } from '../../../contract/optimizers.js';
import { parametersOf } from '../../../contract/problems.js';
import type { Engine, Episode, EpisodeState, OpenFunctions, OpenLoop, UnrollOptions } from '../../engines/engine.js';
import { ruleOf } from '../../optimizers/registry.js';
import type { RuleState } from '../../optimizers/rule.js';
import type { FunctionBatch } from '../../problems/batch.js';

/**
 * Off-policy imitation learning (Chen et al. 2020, arXiv 2010.09089, who mix it with training proper; here it comes
 * first): a learned optimizer learns from the steps of a hand-designed rule. θ follows the rule, since a fresh network's
 * updates lead nowhere. The networks see the same gradients as the rule. The meta-loss of an unroll is the mean over its
 * T steps, the B functions and their d coordinates of the squared distance between the updates, in units of the rule's
 * learning rate α:
 *
 *     L(φ) = 1/(T B d) Σ_t ‖(g_t - ĝ_t)/α‖²      θ_{t+1} = θ_t + ĝ_t
 *
 * The gradients do not depend on φ, so there are no second derivatives. A group with a rule of its own learns nothing;
 * its coordinates follow the imitated rule as all do.
 */
export class ImitationEpisode implements Pick<Episode, 'unroll' | 'state' | 'dispose'> {
  private constructor(
    private readonly rule: GroupRule,
    private readonly batch: FunctionBatch,
    private readonly functions: OpenFunctions,
    private readonly networks: OpenLoop,
    private readonly theta: Float32Array,
    private readonly memory: RuleState,
  ) {}

  /** @param state the state to resume from; without it, the functions' start */
  static async open(
    engine: Engine,
    optimizer: LearnedSpec,
    batch: FunctionBatch,
    rule: GroupRule,
    state?: EpisodeState,
  ): Promise<ImitationEpisode> {
    const theta = (state?.theta ?? batch.start).slice();
    const memory = ruleOf(rule).init(theta.length);
    const remembered = memory.vectors.length * theta.length;
    const hidden = state?.hidden.subarray(0, state.hidden.length - remembered);
    if (state) {
      memory.steps = state.step;
      for (const [i, vector] of memory.vectors.entries()) {
        const offset = hidden!.length + i * theta.length;
        vector.set(state.hidden.subarray(offset, offset + theta.length));
      }
    }
    const networks = await engine.openLoop(optimizer, batch, state && { hidden: hidden!, step: state.step });
    return new ImitationEpisode(rule, batch, await engine.openFunctions(batch), networks, theta, memory);
  }

  /** @returns f(θ_t) [steps + 1, B] along the rule's trajectory, and dL/dφ like φ */
  async unroll(phi: Float32Array, { steps }: Pick<UnrollOptions, 'steps'>) {
    const { rule, batch, functions, networks, theta, memory } = this;
    const size = theta.length;
    const losses = new Float32Array((steps + 1) * batch.count);
    const seen = new Float32Array(steps * size);
    const wanted = new Float32Array(steps * size);
    const first = memory.steps;
    const tensors = parametersOf(batch.problem);
    for (let t = 0; ; t++) {
      const { losses: now, gradient, observed = gradient } = await functions.evaluate(theta, first + t);
      losses.set(now, t * batch.count);
      if (t === steps) break;
      seen.set(observed, t * size);
      const update = wanted.subarray(t * size, (t + 1) * size);
      ruleOf(rule).update(rule, observed, memory, update, theta, tensors);
      for (let i = 0; i < size; i++) theta[i]! += update[i]!;
    }
    const scale = 2 / (wanted.length * rule.learningRate ** 2);
    const gradient = await networks.backPropagate(phi, seen, (updates) => {
      for (let i = 0; i < wanted.length; i++) wanted[i] = scale * (updates[i]! - wanted[i]!);
      return wanted;
    });
    return { losses, gradient };
  }

  /** The rule's vectors come after the networks' state. */
  async state(): Promise<EpisodeState> {
    const { theta, memory } = this;
    const { hidden: own, step } = await this.networks.state();
    const hidden = new Float32Array(own.length + memory.vectors.length * theta.length);
    hidden.set(own);
    for (const [i, vector] of memory.vectors.entries()) hidden.set(vector, own.length + i * theta.length);
    return { theta, hidden, step };
  }

  dispose(): void {
    this.functions.dispose();
    this.networks.dispose();
  }
}
