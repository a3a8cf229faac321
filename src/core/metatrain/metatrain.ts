import { validationHorizon } from '../../contract/curriculum.js';
import { chunkSize } from '../../contract/data-limits.js';
import type { Datasets } from '../../contract/datasets.js';
import type { RunEvent } from '../../contract/events.js';
import type { GroupRule } from '../../contract/optimizers.js';
import { coordinates, type ProblemSpec } from '../../contract/problems.js';
import type { MetatrainSpec } from '../../contract/spec.js';
import { lossWeights } from '../../contract/training.js';
import type { Engine, Episode, Objective } from '../engines/engine.js';
import { initialise } from '../learned/initialise.js';
import { learnedMethod } from '../optimise/learned-method.js';
import { meanOverRuns, measureRuns } from '../optimise/measures.js';
import { optimise } from '../optimise/method.js';
import { adam } from '../optimizers/adam.js';
import { descend } from '../optimizers/meta-adam.js';
import { type FunctionBatch, sampleFunctions } from '../problems/batch.js';
import { Purpose } from '../random/random.js';
import { sortedQuantile } from '../statistics.js';
import { placeOf } from './curriculum.js';
import { divergence, type Failure } from './divergence.js';
import { Causes } from './health.js';
import { judge, remember } from './history.js';
import { Imitation } from './imitation.js';
import { probe } from './probe.js';
import { learningRateAt } from './schedule.js';
import { isBetter, keptNorms, type TrainingState, type ValidationState } from './state.js';

/** The current functions, optimised by the learned optimizer or by the rule that it imitates. */
type Unrolled = Pick<Episode, 'unroll' | 'state' | 'dispose'>;

/** Functions probed for a health event. */
const probed = 8;

/**
 * Truncated back-propagation through time (arXiv 1606.04474, section 2):
 *
 *     for each meta-iteration
 *       if a horizon has ended, draw fresh functions and reset the state h
 *       unroll the optimizer on them for a few steps, from the last θ and h
 *       φ ← Adam(φ, dL/dφ), the gradient clipped to a global norm
 *       at intervals: validate on held-out functions, keep the best φ
 *
 * With a warm-up by imitation, the first unrolls are {@link Imitation}'s.
 */
export class MetaTraining {
  private episode: Unrolled | null = null;
  private readonly causes: Causes;

  private constructor(
    private readonly spec: MetatrainSpec,
    private readonly engine: Engine,
    private readonly datasets: Datasets,
    private readonly now: TrainingState,
  ) {
    this.causes = new Causes(spec);
  }

  /** @param state the state to resume from; without it, training starts */
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

  /** The weights to keep, or null if no validation was finite yet. */
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
    return this.best === null ? this.diverged('validation') : null;
  }

  /** The rule that the current meta-iteration imitates; null after the warm-up, or without one. */
  private get imitated(): GroupRule | null {
    const { imitation } = this.spec.training;
    return imitation !== null && this.now.iteration < imitation.iterations ? imitation.rule : null;
  }

  /** Whether `patience` validations since the warm-up have brought no improvement. */
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

    const points = meanOverRuns(losses, functions);
    const badStep = points.findIndex((loss) => !Number.isFinite(loss));
    if (badStep >= 0) return this.diverged('loss', step + badStep);
    const { clipNorm } = training;
    const learningRate = learningRateAt(training, now.iteration);
    const descent = this.engine.descend ?? descend;
    const { norm, finite } = descent(now.phi, gradient, now.adam, { learningRate, clipNorm });
    if (!Number.isFinite(norm)) return this.diverged('meta-gradient');
    const { gradients } = now;
    gradients.norms[gradients.iterations % keptNorms] = norm;
    gradients.iterations++;
    if (clipNorm !== null && norm > clipNorm) gradients.clipped++;
    if (!finite) return this.diverged(now.phi.every(Number.isFinite) ? 'moments' : 'weights');
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
    return engine.openEpisode(spec.optimizer, batch, { state });
  }

  /** Runs a chunk of the validation's functions, to bound time and memory; the last one gives its loss. */
  private async validate(): Promise<RunEvent> {
    const { spec, now, engine } = this;
    const { functions: total, measure } = spec.training.validation;
    const horizon = validationHorizon(spec.training);
    now.validation ??= { functions: 0, diverged: 0, means: new Float64Array(horizon + 1) };
    const { validation } = now;
    const batch = this.validationFunctions(validation.functions);
    const { count } = batch;
    const losses = await optimise(engine, batch, learnedMethod({ spec: spec.optimizer, phi: now.phi }), horizon);
    for (const [i, loss] of losses.entries()) validation.means[Math.floor(i / count)]! += loss / total;
    for (let b = 0; b < count; b++) {
      const last = losses[horizon * count + b]!;
      if (!(Number.isFinite(last) && last <= losses[b]!)) validation.diverged++;
    }
    validation.functions += count;
    if (validation.functions < total)
      return { type: 'progress', phase: 'validation', done: validation.functions, total };

    const loss = measureRuns(validation.means, horizon)[measure][0]!;
    const best = isBetter(loss, now);
    if (best) {
      now.best.set(now.phi);
      now.bestLoss = loss;
      now.bestIteration = now.iteration;
    }
    now.validatedAt = now.iteration;
    now.history = remember(now.history, loss);
    return { type: 'validation', iteration: now.iteration, loss, best, measure, steps: horizon };
  }

  /** The health of training, from the latest validation and the meta-iterations before it. */
  private async health({ diverged }: ValidationState): Promise<RunEvent> {
    const { spec, now, engine } = this;
    const { iterations, clipped, norms } = now.gradients;
    const batch = this.validationFunctions(0, probed);
    const behaviour = await probe(engine, spec.optimizer, now.phi, batch, validationHorizon(spec.training));
    const { updateSize, signAgreement, saturation } = behaviour;
    const { verdict, message } = judge(now.history!);
    const causes = this.causes.of(now, behaviour);
    const event: RunEvent = {
      type: 'health',
      iteration: now.iteration,
      verdict,
      message: [message, ...causes].join(' '),
      causes,
      gradientNorm: iterations === 0 ? null : sortedQuantile(Float64Array.from(norms).sort(), 0.5),
      clipped: iterations === 0 ? null : clipped / iterations,
      updateSize,
      signAgreement,
      saturation,
      diverged: diverged / spec.training.validation.functions,
    };
    now.validation = null;
    now.gradients = { iterations: 0, clipped: 0, norms: [] };
    return event;
  }

  /** The chunk of validation functions that starts with `first`. */
  private validationFunctions(first: number, maximum = Number.POSITIVE_INFINITY): FunctionBatch {
    const { problem, seed, training } = this.spec;
    const count = Math.min(chunkSize(coordinates(problem)), training.validation.functions - first, maximum);
    return sampleFunctions(problem, seed, Purpose.validation, first, count, this.datasets);
  }

  private diverged(failure: Failure, step: number | null = null): RunEvent {
    return divergence(this.spec, this.now, failure, step);
  }
}
