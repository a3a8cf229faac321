import type { EngineSpec } from '../../../contract/spec.js';
import { metaAdam } from '../../optimizers/meta-adam.js';
import type { FunctionBatch } from '../../problems/batch.js';
import { type Engine, type OpenFunctions, Unsupported } from '../engine.js';
import { EpisodePairs } from '../population.js';
import { loadAddon, loadBf16 } from './addon.js';
import { hasKernels, hasKernelsWithin } from './arguments.js';
import { ComposedFunctions } from './composed.js';
import { NativeFunctions } from './functions.js';
import { FusedEpisode } from './fused-episode.js';
import { MlpPopulation } from './mlp-population.js';
import { NativeOpenLoop } from './open-loop.js';
import { SteppedEpisode } from './stepped-episode.js';
import { networksWithBackward, networksWithKernels } from './support.js';

/**
 * The fused engine. For problems with kernels in native/ it computes whole unrolls, optimizee included, on the
 * processor's widest vectors. For others, another engine evaluates the functions; the network (one per group), its state
 * and the backward pass stay native. θ and h are in this process's arrays, in the layout of {@link EpisodeState}.
 * @param gradients evaluates problems without kernels
 * @param precision of the products of MLP optimizers, and of functions in the lanes of their populations
 * @throws Unsupported if it is not built, does not start or lacks the precision.
 */
export function createNativeEngine(
  gradients?: Pick<Engine, 'info' | 'openFunctions'>,
  precision: NonNullable<EngineSpec['precision']> = 'fp32',
): Engine {
  const native = precision === 'bf16' ? loadBf16() : loadAddon();
  const { addon, version, instructionSet, threads } = native;
  const descended = new Float64Array(2);
  const openFunctions = async (batch: FunctionBatch): Promise<OpenFunctions> => {
    if (hasKernels(batch.problem)) return new NativeFunctions(native, batch);
    if (hasKernelsWithin(batch.problem))
      return new ComposedFunctions(batch, await Promise.all(batch.parts.map(openFunctions)));
    if (gradients) return gradients.openFunctions(batch);
    throw new Unsupported(`problem.name: "${batch.problem.name}" has no native kernels.`);
  };
  const info = {
    engine: 'native',
    backend: 'cpu',
    version,
    instructionSet,
    threads,
    ...(precision !== 'fp32' && { precision }),
  };
  const engine: Engine = {
    info: gradients ? { ...info, gradient: nameOf(gradients) } : info,
    openFunctions,
    async openEpisode(optimizer, batch, options) {
      networksWithKernels(optimizer);
      if (optimizer.name === 'lstm' && hasKernels(batch.problem))
        return new FusedEpisode(native, optimizer, batch, options);
      return new SteppedEpisode(native, optimizer, batch, await openFunctions(batch), options);
    },
    async openPopulation(optimizer, slots) {
      networksWithKernels(optimizer);
      if (optimizer.name === 'mlp') return MlpPopulation.open(engine, native, optimizer, slots);
      return EpisodePairs.open(engine, optimizer, slots);
    },
    async openLoop(optimizer, batch, state) {
      networksWithKernels(optimizer);
      networksWithBackward(optimizer);
      return new NativeOpenLoop(native, optimizer, batch, state);
    },
    descend(phi, gradient, state, { learningRate, clipNorm }) {
      const { beta1, beta2, epsilon } = metaAdam;
      const [m, v] = state.vectors as [Float32Array, Float32Array];
      addon.descend({
        phi,
        gradient,
        m,
        v,
        descended,
        clipNorm: clipNorm ?? Number.POSITIVE_INFINITY,
        learningRate,
        beta1,
        beta2,
        epsilon,
        correction1: 1 - beta1 ** (state.steps + 1),
        correction2: 1 - beta2 ** (state.steps + 1),
      });
      const [norm, finite] = descended as unknown as [number, number];
      if (Number.isFinite(norm)) state.steps++;
      return { norm, finite: finite === 1 };
    },
    orthogonalise: addon.orthogonalise,
  };
  return engine;
}

/** What determines the bits of an engine's gradients, as text. */
function nameOf({ info }: Pick<Engine, 'info'>): string {
  return `${info.engine} ${info.backend} ${info.version} ${info.instructionSet}`;
}
