import { isNetworkSpec, networkContract } from '../../contract/networks/networks.js';
import type { LearnedSpec } from '../../contract/optimizers.js';
import type { TrainedOn } from '../../contract/results.js';
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

/** A learned optimizer. */
export function learnedMethod(learned: Learned): Method {
  return {
    label: titleOf(learned.spec),
    role: 'learned',
    optimise: (engine, batch, steps) => optimiseByLearned(engine, batch, learned, steps),
  };
}

/** The titles of its networks: "LSTM". */
function titleOf(spec: LearnedSpec): string {
  const optimizers = spec.name === 'groups' ? spec.groups.map(({ optimizer }) => optimizer) : [spec];
  const titles = optimizers.flatMap((one) => (isNetworkSpec(one) ? [networkContract(one).title] : []));
  return [...new Set(titles)].join(' and ');
}

/** Coordinates × steps per call: about 0.1 s for an LSTM of ordinary size. */
const stepsAtOnce = 2 ** 17;

async function* optimiseByLearned(
  engine: Engine,
  batch: FunctionBatch,
  { spec, phi }: Learned,
  steps: number,
): Optimisation {
  const episode = await engine.openEpisode(spec, batch);
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
