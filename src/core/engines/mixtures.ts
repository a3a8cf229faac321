import type { LearnedSpec } from '../../contract/optimizers.js';
import type { FunctionBatch } from '../problems/batch.js';
import { joined } from '../problems/joined.js';
import {
  type Engine,
  type Episode,
  type EpisodeOptions,
  type EpisodeState,
  type Objective,
  type OpenFunctions,
  type OpenLoop,
  type UnrollOptions,
  Unsupported,
} from './engine.js';
import { stateLayout } from './state-layout.js';

/**
 * An engine that takes mixtures: a batch of one is split into its components' batches, each of which the engine runs as
 * any other. Losses are in the functions' order; θ, gradients and states are the components', one after the other.
 */
export function withMixtures(engine: Engine): Engine {
  const openMixed = async (optimizer: LearnedSpec, batch: FunctionBatch, options: EpisodeOptions) => {
    const states = options.state && splitState(optimizer, batch, options.state);
    const open = (part: FunctionBatch, p: number) => {
      const given: EpisodeOptions = { ...options, state: states?.[p] };
      return engine.openEpisode(optimizer, part, given);
    };
    return new MixedEpisode(batch, await inTurn(batch, open));
  };
  return {
    ...engine,
    async openFunctions(batch): Promise<OpenFunctions> {
      if (!batch.places) return engine.openFunctions(batch);
      return new MixedFunctions(batch, await inTurn(batch, (part) => engine.openFunctions(part)));
    },
    openEpisode(optimizer, batch, options = {}): Promise<Episode> {
      if (!batch.places) return engine.openEpisode(optimizer, batch, options);
      return openMixed(optimizer, batch, options);
    },
    async openLoop(optimizer, batch, state): Promise<OpenLoop> {
      if (batch.places) throw new Unsupported('training.imitation: not with the problem "mixture".');
      return engine.openLoop(optimizer, batch, state);
    },
  };
}

/** Opens each part; those that are open are closed if one fails. */
async function inTurn<T extends { dispose(): void }>(
  { parts }: FunctionBatch,
  open: (part: FunctionBatch, p: number) => Promise<T>,
): Promise<T[]> {
  const opened: T[] = [];
  try {
    for (const [p, part] of parts.entries()) opened.push(await open(part, p));
    return opened;
  } catch (error) {
    for (const part of opened) part.dispose();
    throw error;
  }
}

class MixedFunctions implements OpenFunctions {
  constructor(
    private readonly batch: FunctionBatch,
    private readonly parts: readonly OpenFunctions[],
  ) {}

  async evaluate(theta: Float32Array, step: number) {
    const { batch, parts } = this;
    const losses = new Float32Array(batch.count);
    const gradient = new Float32Array(theta.length);
    const observed = new Float32Array(theta.length);
    let differs = false;
    let offset = 0;
    for (const [p, part] of parts.entries()) {
      const end = offset + batch.parts[p]!.start.length;
      const found = await part.evaluate(theta.slice(offset, end), step);
      scatter(found.losses, batch, p, losses);
      gradient.set(found.gradient, offset);
      observed.set(found.observed ?? found.gradient, offset);
      differs ||= found.observed !== undefined;
      offset = end;
    }
    return { losses, gradient, ...(differs && { observed }) };
  }

  dispose(): void {
    for (const part of this.parts) part.dispose();
  }
}

class MixedEpisode implements Episode {
  constructor(
    private readonly batch: FunctionBatch,
    private readonly parts: readonly Episode[],
  ) {}

  async advance(phi: Float32Array, steps: number): Promise<Float32Array> {
    const losses = new Float32Array((steps + 1) * this.batch.count);
    for (const [p, part] of this.parts.entries()) scatter(await part.advance(phi, steps), this.batch, p, losses);
    return losses;
  }

  /** The meta-loss is a mean over functions, so a part's gradient counts with its share of them. */
  async unroll(phi: Float32Array, options: UnrollOptions) {
    const { batch, parts } = this;
    const losses = new Float32Array((options.steps + 1) * batch.count);
    const sum = new Float64Array(phi.length);
    for (const [p, part] of parts.entries()) {
      const { objective, ...rest } = options;
      const given = objective ? { ...rest, objective: objectiveOf(objective, batch, p) } : rest;
      const found = await part.unroll(phi, given);
      scatter(found.losses, batch, p, losses);
      const share = batch.places![p]!.length / batch.count;
      for (let i = 0; i < sum.length; i++) sum[i]! += share * found.gradient[i]!;
    }
    return { losses, gradient: Float32Array.from(sum) };
  }

  async state(): Promise<EpisodeState> {
    const states: EpisodeState[] = [];
    for (const part of this.parts) states.push(await part.state());
    return {
      theta: joined(states.map(({ theta }) => theta)),
      hidden: joined(states.map(({ hidden }) => hidden)),
      step: states[0]!.step,
    };
  }

  dispose(): void {
    for (const part of this.parts) part.dispose();
  }
}

/** Puts a part's losses [rows, its functions] where they belong among those of all, [rows, B]. */
function scatter(losses: Float32Array, { places, count }: FunctionBatch, p: number, all: Float32Array): void {
  const own = places![p]!;
  for (let i = 0; i < losses.length; i++) all[Math.floor(i / own.length) * count + own[i % own.length]!] = losses[i]!;
}

function objectiveOf(objective: Objective, { places }: FunctionBatch, p: number): Objective {
  if (objective.name !== 'relative' || objective.initial === null) return objective;
  const { initial } = objective;
  return { name: 'relative', initial: Float32Array.from(places![p]!, (b) => initial[b]!) };
}

/** A joined state's parts. */
function splitState(optimizer: LearnedSpec, { parts }: FunctionBatch, state: EpisodeState): EpisodeState[] {
  let [theta, hidden] = [0, 0];
  return parts.map((part) => {
    const [fromTheta, fromHidden] = [theta, hidden];
    theta += part.start.length;
    hidden += stateLayout(optimizer, part).size;
    return {
      theta: state.theta.subarray(fromTheta, theta),
      hidden: state.hidden.subarray(fromHidden, hidden),
      step: state.step,
    };
  });
}
