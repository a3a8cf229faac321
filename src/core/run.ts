import { longestHorizon } from '../contract/curriculum.js';
import { type Datasets, fingerprintsOf } from '../contract/datasets.js';
import { engineContract } from '../contract/engines.js';
import type { RunEvent } from '../contract/events.js';
import { checkTransfer } from '../contract/groups.js';
import { checkSize, countWeights, longestUnroll } from '../contract/limits.js';
import { coordinates, type ProblemSpec } from '../contract/problems.js';
import type { Provenance } from '../contract/provenance.js';
import type { TrainedOn } from '../contract/results.js';
import { type JobSpec, type MetatrainSpec, problemsOf } from '../contract/spec.js';
import { flattenWeights, splitWeights } from '../weights/shapes.js';
import { decodeWeights, encodeWeights } from '../weights/weights.js';
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint.js';
import { Comparison, type ComparisonState } from './compare/comparison.js';
import { type Engine, Unsupported } from './engines/engine.js';
import { selectEngine } from './engines/select.js';
import { MetaTraining } from './metatrain/metatrain.js';
import type { Learned } from './optimise/learned-method.js';
import type { RunStage, RunState } from './run-state.js';

export interface RunOptions {
  /** A complete spec, as `parseJobSpec` returns it. */
  spec: JobSpec;
  /** Bytes of the weights (safetensors) that a `compare` job's optimizer names. */
  weights?: Uint8Array;
  /** Their SHA-256 in hexadecimal, named in events and checkpoints; a run resumes only with the same weights. */
  weightsSha256?: string | undefined;
  /** The data sets that `datasetsOf(...problemsOf(spec))` names. */
  datasets?: Datasets;
  /** A result of {@link Run.checkpoint}: the run resumes from it, bit for bit. */
  checkpoint?: Uint8Array;
  /** Approximate milliseconds per pull of the comparison; 0: the minimum of work per pull. 100 by default. */
  pullTime?: number;
}

/**
 * A run of a job: pull its events one by one. Only between two pulls, its driver may take a checkpoint, pause for any
 * time, or dispose of it.
 */
export interface Run {
  /**
   * Computes up to the next event.
   * @returns null when the run has ended: after `done` or `diverged`
   */
  next(): Promise<RunEvent | null>;
  /** The whole state, to resume from bit for bit. */
  checkpoint(): Promise<Uint8Array>;
  /** The best weights φ so far, as safetensors; null for a comparison, and before the first finite validation. */
  weights(): Uint8Array | null;
  dispose(): void;
}

/**
 * Starts or resumes a run.
 * @throws Unsupported if this machine lacks the engine, or the given optimizer does not fit the problem or takes too much
 *   memory; DatasetError if a data set is missing; Error if the weights or the checkpoint are damaged or belong to another
 *   job.
 */
export async function createRun(options: RunOptions): Promise<Run> {
  const { spec, datasets = {}, weightsSha256 } = options;
  const data = fingerprintsOf(problemsOf(spec), datasets);
  const given = spec.kind === 'compare' ? givenOptimizer(spec.problem, options.weights) : null;
  const engine = await selectEngine(spec.engine, spec, given?.spec);
  const origin = { engine: engine.info, data, weightsSha256 };
  const checkpoint = options.checkpoint && decodeCheckpoint(options.checkpoint, spec, origin);
  const excess = given && checkSize(given.spec, spec.problem, engineContract(engine.info.engine));
  if (excess) throw new Unsupported(`problem: found ${excess.found}, allowed: ${excess.allowed}.`);
  return new JobRun(options, engine, given, checkpoint);
}

/** The trained optimizer of a comparison, after a check that it fits the problem. */
function givenOptimizer(problem: ProblemSpec, weights: Uint8Array | undefined): Learned {
  if (!weights) throw new Error('A comparison needs the weights of the optimizer that it names.');
  const { spec, tensors, widths, provenance } = decodeWeights(weights);
  const [misfit] = checkTransfer(spec, widths, problem);
  if (misfit)
    throw new Unsupported(
      `problem: the optimizer does not fit it: its ${misfit.pointer} is ${misfit.found}, allowed: ${misfit.allowed}.`,
    );
  return { spec, phi: flattenWeights(tensors), ...trainedOn(provenance) };
}

/** Empty if unknown. */
function trainedOn({ problem, training }: Pick<Provenance, 'problem' | 'training'>): { trainedOn?: TrainedOn } {
  const steps = longestHorizon(training);
  return problem && steps !== undefined ? { trainedOn: { problem, steps } } : {};
}

/** Training if the spec asks for it, then the comparison if it asks for one. */
class JobRun implements Run {
  private readonly training: MetaTraining | null;
  private comparison: Comparison | null = null;
  private phase: RunStage = 'start';

  private readonly spec: JobSpec;
  private readonly datasets: Datasets;

  constructor(
    private readonly options: RunOptions,
    private readonly engine: Engine,
    private readonly given: Learned | null,
    checkpoint?: RunState,
  ) {
    const { spec, datasets = {} } = options;
    this.spec = spec;
    this.datasets = datasets;
    this.training =
      spec.kind === 'metatrain' ? MetaTraining.create(spec, engine, datasets, checkpoint?.training ?? undefined) : null;
    if (checkpoint?.comparison) this.comparison = this.openComparison(checkpoint.comparison);
    if (checkpoint) this.phase = checkpoint.phase;
  }

  async next(): Promise<RunEvent | null> {
    switch (this.phase) {
      case 'start':
        this.phase = 'training';
        return this.started();
      case 'training': {
        const event = (await this.training?.next()) ?? null;
        if (event?.type === 'diverged') this.phase = 'ended';
        if (event) return event;
        this.training?.dispose();
        this.phase = 'comparison';
        return this.next();
      }
      case 'comparison': {
        this.comparison ??= this.openComparison();
        const event = (await this.comparison?.next()) ?? null;
        if (event?.type === 'progress') return event;
        this.phase = 'concluding';
        return event ?? this.next();
      }
      case 'concluding': {
        this.phase = 'ended';
        return {
          type: 'done',
          iterations: this.training?.iteration ?? 0,
          bestIteration: this.training?.best?.iteration ?? null,
        };
      }
      case 'ended':
        return null;
    }
  }

  async checkpoint(): Promise<Uint8Array> {
    const { spec, engine, datasets } = this;
    const { weightsSha256 } = this.options;
    const origin = { engine: engine.info, data: fingerprintsOf(problemsOf(spec), datasets), weightsSha256 };
    return encodeCheckpoint(spec, origin, {
      phase: this.phase,
      training: (await this.training?.state()) ?? null,
      comparison: this.comparison?.state() ?? null,
    });
  }

  weights(): Uint8Array | null {
    const best = this.training?.best;
    if (!best) return null;
    const { optimizer, problem, training, seed } = this.spec as MetatrainSpec;
    return encodeWeights({
      spec: optimizer,
      tensors: splitWeights(optimizer, problem, best.phi),
      provenance: {
        problem,
        training,
        seed,
        iterations: this.training!.iteration,
        bestIteration: best.iteration,
        engine: this.engine.info,
      },
    });
  }

  dispose(): void {
    this.training?.dispose();
    this.comparison?.dispose();
  }

  private started(): RunEvent {
    const { spec, engine } = this;
    const { weightsSha256 } = this.options;
    return {
      type: 'started',
      engine: engine.info,
      coordinates: coordinates(spec.problem),
      weights: this.given?.phi.length ?? countWeights((spec as MetatrainSpec).optimizer, spec.problem),
      ...(weightsSha256 !== undefined && { weightsSha256 }),
      iterations: spec.kind === 'metatrain' ? spec.training.iterations : 0,
      unroll: spec.kind === 'metatrain' ? longestUnroll(spec.training) : 0,
    };
  }

  private openComparison(state?: ComparisonState): Comparison | null {
    const { spec, engine, datasets } = this;
    if (spec.comparison === null) return null;
    const { pullTime = 100, weightsSha256 } = this.options;
    return new Comparison(
      { spec, comparison: spec.comparison, engine, datasets, learned: this.learned(), weightsSha256, pullTime },
      state,
    );
  }

  /** The optimizer to compare: the given weights, or the best of the training. */
  private learned(): Learned {
    if (this.given) return this.given;
    const spec = this.spec as MetatrainSpec;
    const best = this.training?.best;
    if (!best) throw new Error('No weights had a finite validation loss: there is nothing to compare.');
    return { spec: spec.optimizer, phi: best.phi, ...trainedOn(spec) };
  }
}
