import type { EvolutionSpec } from '../../../../contract/estimators.js';
import { lossWeights } from '../../../../contract/training.js';
import { stepRates } from '../../../../contract/use.js';
import type { EpisodeState, PairState, Population, Slot } from '../../../engines/engine.js';
import { openPopulation } from '../../../engines/population.js';
import { Purpose, RandomStream } from '../../../random/random.js';
import { asState, type StateTree } from '../../../state-tree.js';
import type { Place } from '../../curriculum.js';
import { type Estimate, type Estimator, type EstimatorContext, trainingFunctions } from '../estimator.js';
import { estimatePairs, perturbed } from './antithetic.js';
import { type Horizon, horizonOf } from './horizons.js';
import { MeanTrajectories } from './mean-trajectories.js';
import { metaLosses } from './meta-loss.js';
import { packStates, unpackStates } from './packed-states.js';
import { strategies } from './strategies.js';

interface EvolutionState {
  /** The number of each slot's function. */
  readonly indices: Float64Array;
  /** f(θ_0) of each. */
  readonly initial: Float32Array;
  /** ξ [pairs, weights] of a strategy that accumulates. */
  readonly directions: Float32Array | null;
  /** Of all particles, pair by pair. */
  readonly particles: StateTree;
  /** Of the unperturbed trajectories that the control variate needs. */
  readonly means: StateTree | null;
}

/**
 * Evolution strategies by antithetic pairs: in a truncation, each function is optimised by φ + ε and by φ - ε, and the
 * difference of their meta-losses says how φ should change along ε. {@link strategies} has the variants. Slot i holds the
 * functions i, i + n, i + 2 n, … of n pairs, each for a horizon of its own.
 */
export class Evolution implements Estimator {
  private readonly spec: EvolutionSpec;
  private readonly pairs: number;
  private readonly indices: Float64Array;
  private readonly initial: Float32Array;
  private readonly horizons: Horizon[];
  /** Steps taken in each slot; 0 where a function has just begun. */
  private readonly steps: Int32Array;
  private directions: Float32Array | null;
  private population: Population | null = null;
  private means: MeanTrajectories | null = null;
  private resumed: { pairs: PairState[]; means: EpisodeState[] } | null = null;

  constructor(
    private readonly context: EstimatorContext,
    state: StateTree | null,
  ) {
    const { training } = context.spec;
    this.spec = training.estimator as EvolutionSpec;
    this.pairs = training.functions;
    const resumed = state as EvolutionState | null;
    this.indices = resumed?.indices.slice() ?? Float64Array.from({ length: this.pairs }, (_, i) => i);
    this.initial = resumed?.initial.slice() ?? new Float32Array(this.pairs);
    this.directions = resumed?.directions?.slice() ?? null;
    this.horizons = Array.from(this.indices, (index) => this.horizonOf(index));
    this.steps = new Int32Array(this.pairs);
    if (!resumed) return;
    const particles = unpackStates(resumed.particles);
    const pairs = Array.from(this.indices, (_, i): PairState => [particles[2 * i]!, particles[2 * i + 1]!]);
    for (const [i, [{ step }]] of pairs.entries()) this.steps[i] = step;
    this.resumed = { pairs, means: resumed.means ? unpackStates(resumed.means) : [] };
  }

  async estimate(phi: Float32Array, { iteration, unroll }: Place): Promise<Estimate> {
    const { training } = this.context.spec;
    const { sigma, maximumLoss } = this.spec;
    const { accumulates, averages } = strategies[this.spec.name];
    const population = await this.ready(phi.length);
    const perturbations = this.draw(phi.length, iteration);
    const directions = accumulates ? this.accumulate(perturbations) : perturbations;
    const losses = await population.advance(perturbed(phi, perturbations), unroll);
    for (let i = 0; i < this.pairs; i++) if (this.steps[i] === 0) this.initial[i] = losses[2 * i]!;
    const { metaLoss, objective, secondDerivatives } = training;
    const weights = lossWeights(metaLoss, unroll);
    const { L, replaced } = metaLosses(losses, this.initial, { weights, objective, maximum: maximumLoss });
    const options = {
      steps: unroll,
      weights,
      secondDerivatives,
      objective: { name: objective, initial: null },
    } as const;
    const gradients = await this.means?.gradients(phi, options, this.initial);
    const { gradient, ...signal } = estimatePairs(directions, L, sigma, gradients && { perturbations, gradients });
    for (let i = 0; i < this.pairs; i++) this.steps[i]! += unroll;
    if (averages) await population.average();
    return { points: meanLosses(losses, 2 * this.pairs), gradient, signal, replaced };
  }

  /** The population, with fresh functions where a horizon has ended. */
  private async ready(weights: number): Promise<Population> {
    const { engine, spec } = this.context;
    if (strategies[this.spec.name].accumulates) this.directions ??= new Float32Array(this.pairs * weights);
    if (this.population === null) {
      const { resumed } = this;
      const slots = Array.from(this.indices, (_, i) => ({ ...this.slot(i), states: resumed?.pairs[i] }));
      this.population = await openPopulation(engine, spec.optimizer, slots);
      if (this.spec.name === 'pes' && this.spec.analytic) {
        this.means = new MeanTrajectories(engine, spec.optimizer);
        for (const [i, slot] of slots.entries()) await this.means.replace(i, slot, resumed?.means[i]);
      }
      this.resumed = null;
    }
    for (let i = 0; i < this.pairs; i++) {
      if (this.steps[i]! < this.horizons[i]!.end) continue;
      this.indices[i]! += this.pairs;
      this.horizons[i] = this.horizonOf(this.indices[i]!);
      this.steps[i] = 0;
      this.directions?.fill(0, i * weights, (i + 1) * weights);
      const slot = this.slot(i);
      await this.population.replace(i, slot);
      await this.means?.replace(i, slot);
    }
    return this.population;
  }

  private horizonOf(index: number): Horizon {
    const { seed, training } = this.context.spec;
    return horizonOf(training, this.spec, seed, index);
  }

  /** A slot's function, at its start. */
  private slot(i: number): Slot {
    const { inner } = this.context.spec.training;
    const batch = trainingFunctions(this.context, this.indices[i]!, 1);
    return { batch, rates: inner && stepRates(inner, this.horizons[i]!.steps) };
  }

  /** ε ~ N(0, σ²) of each pair, [pairs, weights]. */
  private draw(weights: number, iteration: number): Float32Array {
    const { seed } = this.context.spec;
    const { drawsPer } = strategies[this.spec.name];
    const all = new Float32Array(this.pairs * weights);
    for (let i = 0; i < this.pairs; i++) {
      // With one truncation per function both are the same.
      const index = drawsPer === 'function' ? this.indices[i]! : iteration * this.pairs + i;
      const random = new RandomStream(seed, Purpose.perturbations, index);
      random.fillNormal(all.subarray(i * weights, (i + 1) * weights), 0, this.spec.sigma);
    }
    return all;
  }

  /** ξ, with the perturbations of this truncation. */
  private accumulate(perturbations: Float32Array): Float32Array {
    const directions = this.directions!;
    for (let i = 0; i < directions.length; i++) directions[i]! += perturbations[i]!;
    return directions;
  }

  async state(): Promise<StateTree | null> {
    const { indices, initial, directions, resumed } = this;
    const pairs = (await this.population?.state()) ?? resumed?.pairs;
    if (!pairs) return null;
    const means = (await this.means?.states()) ?? resumed?.means ?? [];
    return asState<EvolutionState>({
      indices,
      initial,
      directions,
      particles: packStates(pairs.flat()),
      means: means.length > 0 ? packStates(means) : null,
    });
  }

  dispose(): void {
    this.population?.dispose();
    this.means?.dispose();
    this.population = null;
    this.means = null;
  }
}

/** f(θ_t), t = 0 … steps: means over the particles. @param losses [steps + 1, particles] */
function meanLosses(losses: Float32Array, particles: number): Float32Array {
  const points = new Float32Array(losses.length / particles);
  for (let t = 0; t < points.length; t++) {
    let sum = 0;
    for (let p = 0; p < particles; p++) sum += losses[t * particles + p]!;
    points[t] = sum / particles;
  }
  return points;
}
