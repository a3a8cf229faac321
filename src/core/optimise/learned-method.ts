import type { LearnedUse } from '../../contract/comparison.js';
import { isNetworkSpec, networkContract } from '../../contract/networks/networks.js';
import type { LearnedSpec } from '../../contract/optimizers.js';
import type { TrainedOn } from '../../contract/results.js';
import { type StepRates, scheduleLabel, stepRates, type Use } from '../../contract/use.js';
import type { Engine } from '../engines/engine.js';
import type { FunctionBatch } from '../problems/batch.js';
import type { Method, Optimisation } from './method.js';

/** A trained optimizer. */
export interface Learned {
  readonly spec: LearnedSpec;
  readonly phi: Float32Array;
  /** If known. */
  readonly trainedOn?: TrainedOn;
}

/** The rate of a run that names none. */
export function usualRateOf(spec: LearnedSpec): number {
  return networksOf(spec)[0]?.usualRate ?? 1;
}

/** How a run uses an optimizer that a comparison describes. @param rate a tuned one */
export function useOf(spec: LearnedSpec, given: LearnedUse | undefined, rate?: number): Use {
  const named = typeof given?.learningRate === 'number' ? given.learningRate : usualRateOf(spec);
  const { schedule = { name: 'constant' }, weightDecay = 0 } = given ?? {};
  return { learningRate: rate ?? named, schedule, weightDecay };
}

/** A learned optimizer; at its usual rate by default. */
export function learnedMethod(learned: Learned, use = useOf(learned.spec, undefined)): Method {
  const { spec } = learned;
  const { learningRate, schedule, weightDecay } = use;
  const title = [...new Set(networksOf(spec).map((network) => network.title))].join(' and ');
  const isUsual = learningRate === usualRateOf(spec) && schedule.name === 'constant' && weightDecay === 0;
  return {
    label: isUsual ? title : `${title} ${Number(learningRate.toPrecision(3))}${scheduleLabel(schedule)}`,
    role: 'learned',
    optimise: (engine, batch, steps) =>
      optimiseByLearned(engine, batch, learned, steps, isUsual ? undefined : stepRates(use, steps)),
  };
}

/** The contracts of its networks. */
function networksOf(spec: LearnedSpec) {
  const optimizers = spec.name === 'groups' ? spec.groups.map(({ optimizer }) => optimizer) : [spec];
  return optimizers.flatMap((one) => (isNetworkSpec(one) ? [networkContract(one)] : []));
}

/** Coordinates × steps per call: about 0.1 s for an LSTM of ordinary size. */
const stepsAtOnce = 2 ** 17;

async function* optimiseByLearned(
  engine: Engine,
  batch: FunctionBatch,
  { spec, phi }: Learned,
  steps: number,
  rates: StepRates | undefined,
): Optimisation {
  const episode = await engine.openEpisode(spec, batch, { rates });
  try {
    const all = new Float32Array((steps + 1) * batch.count);
    const part = Math.max(1, Math.floor(stepsAtOnce / batch.start.length));
    for (let t = 0; ; ) {
      const next = Math.min(steps, t + part);
      all.set(await episode.advance(phi, next - t), t * batch.count);
      if (next === steps) return all;
      t = next;
      yield;
    }
  } finally {
    episode.dispose();
  }
}
