import { type Engine, Unsupported } from '../../src/core/engines/engine.js';
import { loadAddon } from '../../src/core/engines/native/addon.js';
import { createNativeEngine } from '../../src/core/engines/native/engine.js';
import { SteppedEpisode } from '../../src/core/engines/native/stepped-episode.js';
import { networksWithKernels } from '../../src/core/engines/native/support.js';

/** Why tests of the native engine are skipped, or false. In CI a missing engine is an error. */
export function nativeMissing(): string | false {
  try {
    createNativeEngine();
    return false;
  } catch (error) {
    if (error instanceof Unsupported && process.env.CI === undefined) return error.message;
    throw error;
  }
}

/** The native engine with another engine's gradients for every problem, even those with kernels. */
export function stepByStep(gradients: Engine): Engine {
  return {
    ...createNativeEngine(gradients),
    openFunctions: gradients.openFunctions,
    async openEpisode(optimizer, batch, options) {
      networksWithKernels(optimizer);
      return new SteppedEpisode(loadAddon(), optimizer, batch, await gradients.openFunctions(batch), options);
    },
  };
}
