import type { Datasets } from '../../contract/datasets.js';
import type { RunEvent } from '../../contract/events.js';
import type { MetatrainSpec } from '../../contract/spec.js';
import type { Engine } from '../engines/engine.js';
import { initialise } from '../learned/initialise.js';
import { adam } from '../optimizers/adam.js';
import { descend } from '../optimizers/meta-adam.js';
import { type Place, placeOf } from './curriculum.js';
import { divergence, type Failure } from './divergence.js';
import type { Estimator, EstimatorContext } from './estimators/estimator.js';
import { type EstimatorName, estimatorAt, openEstimator } from './estimators/estimators.js';
import { Health } from './health.js';
import { learningRateAt } from './schedule.js';
import { keptNorms, noNorms, noteSignal, type TrainingState } from './state.js';
import { validate } from './validation.js';

/**
 * Meta-training (arXiv 1606.04474, section 2, whose estimator is truncated back-propagation through time):
 *
 *     for each meta-iteration
 *       find its place in the curriculum
 *       estimate dL/dφ, the gradient of the losses of a few steps on the training functions
 *       φ ← AdamW(φ, dL/dφ), the gradient clipped to a global norm
 *       at intervals: validate on held-out functions, keep the best φ, report the health of training
 */
export class MetaTraining {
  private readonly context: EstimatorContext;
  private readonly health: Health;
  private estimator: { readonly name: EstimatorName; readonly open: Estimator } | null = null;

  private constructor(
    private readonly spec: MetatrainSpec,
    engine: Engine,
    datasets: Datasets,
    private readonly now: TrainingState,
  ) {
    this.context = { spec, engine, datasets };
    this.health = new Health(this.context);
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
      gradients: noNorms(),
      estimator: null,
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
    return { ...this.now, estimator: this.estimator ? await this.estimator.open.state() : this.now.estimator };
  }

  /**
   * One meta-iteration, a chunk of a validation's functions, or the health after it; null when training has ended and
   * there are weights to keep.
   */
  async next(): Promise<RunEvent | null> {
    const { now, context } = this;
    const { iterations, validation } = this.spec.training;
    const due = now.iteration % validation.every === 0 || now.iteration === iterations;
    if (due && now.validatedAt < now.iteration) return validate(context, now);
    if (now.validation) return this.health.report(now, now.validation);
    if (now.iteration < iterations && !this.exhausted()) return this.iterate();
    return this.best === null ? this.diverged('validation') : null;
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
    this.estimator?.open.dispose();
    this.estimator = null;
  }

  private async iterate(): Promise<RunEvent> {
    const { now } = this;
    const { training } = this.spec;
    const place = placeOf(training, now.iteration);
    const { points, gradient, signal, replaced } = await this.estimatorAt(place).estimate(now.phi, place);
    const badStep = points.findIndex((loss) => !Number.isFinite(loss));
    if (badStep >= 0) return this.diverged('loss', place.step + badStep);
    if (signal) noteSignal(now.gradients, signal, replaced ?? 0);
    const failure = this.descend(gradient);
    if (failure) return this.diverged(failure);
    const { iteration } = now;
    const { unroll, step } = place;
    now.iteration++;
    return { type: 'losses', iteration, step, perIteration: unroll, points: points.subarray(0, unroll) };
  }

  /** The estimator of a meta-iteration: another one begins without a state. */
  private estimatorAt({ iteration }: Place): Estimator {
    const { now, context } = this;
    const name = estimatorAt(this.spec.training, iteration);
    if (this.estimator?.name !== name) {
      const state = this.estimator ? null : now.estimator;
      this.dispose();
      this.estimator = { name, open: openEstimator(name, context, state) };
      now.estimator = null;
    }
    return this.estimator.open;
  }

  /** A step of the meta-optimizer. @returns what was not finite, or null */
  private descend(gradient: Float32Array): Failure | null {
    const { now } = this;
    const { training } = this.spec;
    const { clipNorm, weightDecay = 0 } = training;
    const learningRate = learningRateAt(training, now.iteration);
    if (weightDecay > 0) for (let i = 0; i < now.phi.length; i++) now.phi[i]! *= 1 - learningRate * weightDecay;
    const step = this.context.engine.descend ?? descend;
    const { norm, finite } = step(now.phi, gradient, now.adam, { learningRate, clipNorm });
    if (!Number.isFinite(norm)) return 'meta-gradient';
    const { gradients } = now;
    gradients.norms[gradients.iterations % keptNorms] = norm;
    gradients.iterations++;
    if (clipNorm !== null && norm > clipNorm) gradients.clipped++;
    if (finite) return null;
    return now.phi.every(Number.isFinite) ? 'moments' : 'weights';
  }

  private diverged(failure: Failure, step: number | null = null): RunEvent {
    return divergence(this.spec, this.now, failure, step);
  }
}
