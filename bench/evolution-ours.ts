import type { Datasets } from '../src/contract/datasets.js';
import { addFamily } from '../src/contract/problems.js';
import type { MetatrainSpec } from '../src/contract/spec.js';
import { createNativeEngine } from '../src/core/engines/native/engine.js';
import { openPopulation } from '../src/core/engines/population.js';
import { selectEngine } from '../src/core/engines/select.js';
import { estimatePairs, perturbed } from '../src/core/metatrain/estimators/evolution/antithetic.js';
import { sampleFunctions } from '../src/core/problems/batch.js';
import { Purpose } from '../src/core/random/random.js';
import type { NamedTensor } from '../src/weights/tensors.js';
import { fixtureSeed, sigma } from './evolution-fixture.js';
import { openMatrix } from './matrix.js';

/**
 * Our engine's losses and estimates on the fixture of {@link pesArrays}, whose functions are the product's own draws:
 * [truncations, pairs, steps, 2] and [truncations, n].
 */
export async function ourEstimates(
  job: MetatrainSpec,
  arrays: readonly NamedTensor[],
  datasets: Datasets,
): Promise<{ losses: number[]; estimate: number[] }> {
  const { problem, optimizer, training } = job;
  const engine = await selectEngine(job.engine, job);
  const array = (name: string) => arrays.find((one) => one.name === name)!;
  const phi = array('phi').data as Float32Array;
  const epsilon = array('epsilon');
  const [truncations, pairs] = epsilon.shape as [number, number];
  const { unroll: steps } = training;
  const slots = Array.from({ length: pairs }, (_, i) => ({
    batch: sampleFunctions(problem, fixtureSeed, Purpose.training, i, 1, datasets),
  }));
  const population = await openPopulation(engine, optimizer, slots);
  const sums = new Float32Array(pairs * phi.length);
  const [losses, estimate]: [number[], number[]] = [[], []];
  for (let k = 0; k < truncations; k++) {
    const drawn = (epsilon.data as Float32Array).slice(k * sums.length, (k + 1) * sums.length);
    for (let i = 0; i < sums.length; i++) sums[i]! += drawn[i]!;
    const found = await population.advance(perturbed(phi, drawn), steps);
    const L = new Float64Array(2 * pairs);
    for (let p = 0; p < pairs; p++)
      for (let t = 0; t < steps; t++)
        for (const sign of [0, 1]) {
          const loss = found[2 * (t * pairs + p) + sign]!;
          losses.push(loss);
          L[2 * p + sign]! += loss / steps;
        }
    estimate.push(...estimatePairs(sums, L, sigma).gradient);
  }
  population.dispose();
  return { losses, estimate };
}

/**
 * Where our engine's steps on the fixture of {@link stepArrays} end.
 * @throws Unsupported as {@link openMatrix} does
 */
export async function ourSteps(job: MetatrainSpec, arrays: readonly NamedTensor[]): Promise<{ theta: number[] }> {
  const { episode } = await openMatrix({ createNativeEngine, addFamily }, job, arrays);
  const array = (name: string) => arrays.find((one) => one.name === name)!;
  await episode.advance(array('phi').data as Float32Array, array('gradients').shape[0]!);
  const { theta } = await episode.state();
  const found = [...theta];
  episode.dispose();
  return { theta: found };
}
