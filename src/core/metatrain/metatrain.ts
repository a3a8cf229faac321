import { validationHorizon } from '../../contract/curriculum.js';
import type { Datasets } from '../../contract/datasets.js';
import type { RunEvent, RunEventOf } from '../../contract/events.js';
import type { GroupRule } from '../../contract/optimizers.js';
import { coordinates, type ProblemSpec } from '../../contract/problems.js';
import type { MetatrainSpec } from '../../contract/spec.js';
import type { TrainingSpec } from '../../contract/training.js';
import type { Engine, Episode, EpisodeState, Objective } from '../engines/engine.js';
import { initialise } from '../learned/initialise.js';
import { measureRuns } from '../optimise/measures.js';
import { chunkSize, optimise } from '../optimise/optimise.js';
import { adam } from '../optimizers/adam.js';
import { descend } from '../optimizers/meta-adam.js';
import type { RuleState } from '../optimizers/rule.js';
import { type FunctionBatch, sampleFunctions } from '../problems/batch.js';
import { Purpose } from '../random/random.js';
import { sortedQuantile } from '../statistics.js';
import { placeOf } from './curriculum.js';
import { type History, judge, remember } from './history.js';
import { Imitation } from './imitation.js';
import { probe } from './probe.js';
import { learningRateAt } from './schedule.js';

/** Everything that meta-training is about to need again: plain numbers and vectors. */
export interface TrainingState {
  /** Meta-iterations done. */
  iteration: number;
  /** φ, the weights being trained. */
  readonly phi: Float32Array;
  /** Adam's moments of φ. */
  readonly adam: RuleState;
  /** The weights with the best validation loss so far. */
  readonly best: Float32Array;
  bestLoss: number;
  /** Meta-iterations after which the best weights stood; -1 before any validation was finite. */
  bestIteration: number;
  /** Meta-iterations after which the latest validation ran; -1 before the first. */
  validatedAt: number;
  /** Null before the first. */
  history: History | null;
  /** One that is under way, or of which no more than its health is to be told. */
  validation: ValidationState | null;
  gradients: GradientNorms;
  /** f(θ_0) [B] of the functions at hand, where the objective is "relative" to it. */
  initial: Float32Array | null;
  /** Where the functions at hand stood when this state was taken; null where none were at hand. */
  episode: EpisodeState | null;
}

export interface ValidationState {
  /** Functions done. */
  functions: number;
  /** How many of them ended above their start, or at no number. */
  diverged: number;
  /** Mean of f(θ_t), t = 0 … horizon, as far as they are done. */
  readonly means: Float64Array;
}

/** Of the meta-iterations since the last validation. */
interface GradientNorms {
  iterations: number;
  clipped: number;
  /** Norms of the latest {@link keptNorms}, in any order. */
  norms: number[];
}

/** Functions at hand, and what is learned from them: a descent of its own, or an imitation. */
type Unrolled = Pick<Episode, 'unroll' | 'state' | 'dispose'>;

const keptNorms = 1000;

/** Functions whose optimisation is looked at for a health event. */
const probed = 8;

/**
 * Truncated back-propagation through time (arXiv 1606.04474, section 2):
 *
 *     for each meta-iteration
 *       where a horizon has ended, draw fresh functions, and begin with a fresh state h
 *       unroll the optimizer on them for a few steps, carrying θ and h on from the last
 *       φ ← Adam(φ, dL/dφ), the gradient clipped to a global norm
 *       now and then: validate on held-out functions, keep the best φ
 *
 * Where a warm-up by imitation is asked for, the first unrolls are {@link Imitation}'s.
 */
export class MetaTraining {
  private episode: Unrolled | null = null;

  private constructor(
    private readonly spec: MetatrainSpec,
    private readonly engine: Engine,
    private readonly datasets: Datasets,
    private readonly now: TrainingState,
  ) {}

  /** @param state where to go on from; without it, training begins. */
  static create(spec: MetatrainSpec, engine: Engine, datasets: Datasets, state?: TrainingState): MetaTraining {
    if (state) return new MetaTraining(spec, engine, datasets, state);
    const phi = initialise(spec.optimizer, spec.problem, spec.seed);
    return new MetaTraining(spec, engine, datasets, {
      iteration: 0,
      phi,
      adam: adam.init(phi.length),
      best: phi.slice(),
      bestLoss: Number.POSITIVE_INFINITY,
      bestIteration: -1,
      validatedAt: -1,
      history: null,
      validation: null,
      gradients: { iterations: 0, clipped: 0, norms: [] },
      initial: null,
      episode: null,
    });
  }

  /** The weights to keep, or null where no validation was finite yet. */
  get best(): { phi: Float32Array; iteration: number } | null {
    const { best, bestIteration } = this.now;
    return bestIteration < 0 ? null : { phi: best, iteration: bestIteration };
  }

  /** Meta-iterations done. */
  get iteration(): number {
    return this.now.iteration;
  }

  /** The state to serialise. */
  async state(): Promise<TrainingState> {
    return { ...this.now, episode: (await this.episode?.state()) ?? this.now.episode };
  }

  /**
   * One meta-iteration, a chunk of a validation's functions, or the health after it; null when training has ended and
   * there are weights to keep.
   */
  async next(): Promise<RunEvent | null> {
    const { iteration, validatedAt } = this.now;
    const { iterations, validation } = this.spec.training;
    const due = iteration % validation.every === 0 || iteration === iterations;
    if (due && validatedAt < iteration) return this.validate();
    if (this.now.validation) return this.health(this.now.validation);
    if (iteration < iterations && !this.exhausted()) return this.iterate();
    return this.best === null ? this.diverged('validation', null) : null;
  }

  /** The rule that the meta-iteration at hand imitates; null after the warm-up, and without one. */
  private get imitated(): GroupRule | null {
    const { imitation } = this.spec.training;
    return imitation !== null && this.now.iteration < imitation.iterations ? imitation.rule : null;
  }

  /** Whether as many validations as patience allows, none of them within the warm-up, have brought nothing better. */
  private exhausted(): boolean {
    const { validatedAt, bestIteration } = this.now;
    const { imitation, validation } = this.spec.training;
    const { patience, every } = validation;
    const since = Math.max(bestIteration, imitation?.iterations ?? 0);
    return patience !== null && bestIteration >= 0 && validatedAt - since >= patience * every;
  }

  dispose(): void {
    this.episode?.dispose();
    this.episode = null;
  }

  private async iterate(): Promise<RunEvent> {
    const { now } = this;
    const { training } = this.spec;
    const { functions, metaLoss, secondDerivatives } = training;
    const { unroll, step, episode } = placeOf(training, now.iteration);
    if (step === 0) {
      this.dispose();
      now.episode = null;
      now.initial = null;
    }
    this.episode ??= await this.openEpisode(episode);
    const weights = lossWeights(metaLoss, unroll);
    const objective: Objective = { name: training.objective, initial: now.initial };
    const options = { steps: unroll, weights, secondDerivatives, objective };
    const { losses, gradient } = await this.episode.unroll(now.phi, options);
    now.episode = null;
    if (training.objective === 'relative') now.initial ??= losses.slice(0, functions);

    const points = meanOverFunctions(losses, functions);
    const badStep = points.findIndex((loss) => !Number.isFinite(loss));
    if (badStep >= 0) return this.diverged('loss', step + badStep);
    const { clipNorm } = training;
    const learningRate = learningRateAt(training, now.iteration);
    const descent = this.engine.descend ?? descend;
    const { norm, finite } = descent(now.phi, gradient, now.adam, { learningRate, clipNorm });
    if (!Number.isFinite(norm)) return this.diverged('meta-gradient', null);
    const { gradients } = now;
    gradients.norms[gradients.iterations % keptNorms] = norm;
    gradients.iterations++;
    if (clipNorm !== null && norm > clipNorm) gradients.clipped++;
    if (!finite) return this.diverged('weights', null);
    const { iteration } = now;
    now.iteration++;
    return { type: 'losses', iteration, step, perIteration: unroll, points: points.subarray(0, unroll) };
  }

  private openEpisode(index: number): Promise<Unrolled> {
    const { spec, now, engine, datasets } = this;
    const { functions, randomScaling } = spec.training;
    const state = now.episode ?? undefined;
    const problem: ProblemSpec =
      randomScaling === null ? spec.problem : { name: 'rescaled', problem: spec.problem, range: randomScaling };
    const batch = sampleFunctions(problem, spec.seed, Purpose.training, index * functions, functions, datasets);
    const { imitated } = this;
    if (imitated !== null) return Imitation.open(engine, spec.optimizer, batch, imitated, state);
    return engine.openEpisode(spec.optimizer, batch, state);
  }

  /** Takes a chunk of the validation's functions, to bound the time and the memory; after the last it is judged. */
  private async validate(): Promise<RunEvent> {
    const { spec, now, engine } = this;
    const { functions: total, measure } = spec.training.validation;
    const horizon = validationHorizon(spec.training);
    now.validation ??= { functions: 0, diverged: 0, means: new Float64Array(horizon + 1) };
    const { validation } = now;
    const batch = this.validationFunctions(validation.functions);
    const { count } = batch;
    const losses = await optimise(engine, batch, { spec: spec.optimizer, phi: now.phi }, horizon);
    for (const [i, loss] of losses.entries()) validation.means[Math.floor(i / count)]! += loss / total;
    for (let b = 0; b < count; b++) {
      const last = losses[horizon * count + b]!;
      if (!(Number.isFinite(last) && last <= losses[b]!)) validation.diverged++;
    }
    validation.functions += count;
    if (validation.functions < total)
      return { type: 'progress', phase: 'validation', done: validation.functions, total };

    const loss = measureRuns(validation.means, horizon)[measure][0]!;
    const best = loss < now.bestLoss;
    if (best) {
      now.best.set(now.phi);
      now.bestLoss = loss;
      now.bestIteration = now.iteration;
    }
    now.validatedAt = now.iteration;
    now.history = remember(now.history, loss);
    return { type: 'validation', iteration: now.iteration, loss, best };
  }

  /** How training goes, by the validation that has just ended and the meta-iterations before it. */
  private async health({ diverged }: ValidationState): Promise<RunEvent> {
    const { spec, now, engine } = this;
    const { iterations, clipped, norms } = now.gradients;
    const batch = this.validationFunctions(0, probed);
    const behaviour = await probe(engine, spec.optimizer, now.phi, batch, validationHorizon(spec.training));
    const event: RunEvent = {
      type: 'health',
      iteration: now.iteration,
      ...judge(now.history!),
      gradientNorm: iterations === 0 ? null : sortedQuantile(Float64Array.from(norms).sort(), 0.5),
      clipped: iterations === 0 ? null : clipped / iterations,
      ...behaviour,
      diverged: diverged / spec.training.validation.functions,
    };
    now.validation = null;
    now.gradients = { iterations: 0, clipped: 0, norms: [] };
    return event;
  }

  /** The chunk of them that begins with a function. */
  private validationFunctions(first: number, most = Number.POSITIVE_INFINITY): FunctionBatch {
    const { problem, seed, training } = this.spec;
    const count = Math.min(chunkSize(coordinates(problem)), training.validation.functions - first, most);
    return sampleFunctions(problem, seed, Purpose.validation, first, count, this.datasets);
  }

  private diverged(where: RunEventOf<'diverged'>['where'], step: number | null): RunEvent {
    const { iteration, bestIteration } = this.now;
    const what = {
      loss: `the loss at step ${step}`,
      'meta-gradient': 'the meta-gradient',
      weights: 'a weight',
      validation: 'the loss of every validation',
    }[where];
    const kept =
      bestIteration < 0
        ? 'no weights had a finite validation loss before'
        : `the best weights before, of meta-iteration ${bestIteration}, are kept`;
    const rule = this.imitated === null ? '' : ' a lower training.imitation.rule.learningRate,';
    const message = `Meta-iteration ${iteration}: ${what} is not finite; ${kept}. A lower training.learningRate,${rule} a training.clipNorm or a smaller optimizer.outputScale may help.`;
    return { type: 'diverged', iteration, where, step, message };
  }
}

/** w_t, t = 0 … unroll. */
function lossWeights(metaLoss: TrainingSpec['metaLoss'], unroll: number): number[] {
  if (Array.isArray(metaLoss)) return metaLoss;
  return Array.from({ length: unroll + 1 }, (_, t) => {
    if (t === unroll) return metaLoss === 'sum' ? 0 : 1;
    return metaLoss === 'final' ? 0 : 1;
  });
}

/** [steps + 1, B] → [steps + 1] */
function meanOverFunctions(losses: Float32Array, functions: number): Float32Array {
  return Float32Array.from({ length: losses.length / functions }, (_, t) => {
    let sum = 0;
    for (let b = 0; b < functions; b++) sum += losses[t * functions + b]!;
    return sum / functions;
  });
}
