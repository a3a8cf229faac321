import { type Engine, Unsupported } from '../../src/core/engines/engine.js';
import { loadAddon } from '../../src/core/engines/native/addon.js';
import { createNativeEngine } from '../../src/core/engines/native/engine.js';
import { States } from '../../src/core/engines/native/states.js';
import { SteppedEpisode } from '../../src/core/engines/native/stepped-episode.js';
import { coordinatewiseOnly } from '../../src/core/engines/native/support.js';

/** Why tests of the native engine are to be skipped, or false. In CI, where it has to be there, its lack is an error. */
export function nativeMissing(): string | false {
  try {
    createNativeEngine();
    return false;
  } catch (error) {
    if (error instanceof Unsupported && process.env.CI === undefined) return error.message;
    throw error;
  }
}

/** The native engine where every problem's gradients, also those that it has kernels for, come from another. */
export function stepByStep(gradients: Engine): Engine {
  const states = new States();
  return {
    ...createNativeEngine(gradients),
    openFunctions: gradients.openFunctions,
    async openEpisode(optimizer, batch, state) {
      coordinatewiseOnly(optimizer);
      return new SteppedEpisode(loadAddon(), states, optimizer, batch, await gradients.openFunctions(batch), state);
    },
  };
}
