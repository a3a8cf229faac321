import { Unsupported } from '../../src/core/engines/engine.js';
import { createNativeEngine } from '../../src/core/engines/native/engine.js';

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
