import type { EngineSpec, JobSpec } from '../../contract/spec.js';
import { type Engine, Unsupported } from './engine.js';

/**
 * The engine that a job asks for; "auto" is the fastest there is that can do the job. Engines load when they are asked
 * for.
 * @param job what is going to be asked of it; without it, what every engine can do
 * @throws Unsupported where this machine does not have it, or it cannot do the job.
 */
export async function selectEngine(spec: EngineSpec, job?: JobSpec): Promise<Engine> {
  if (spec.name === 'tfjs' || (spec.name === 'auto' && spec.backend !== 'auto')) return createTfjs(spec);
  try {
    return await createNative(job);
  } catch (error) {
    if (spec.name === 'native' || !(error instanceof Unsupported)) throw error;
    return createTfjs(spec, error.message);
  }
}

async function createNative(job: JobSpec | undefined): Promise<Engine> {
  const { checkNativeSupport, createNativeEngine } = await import('./native/engine.js');
  if (job) checkNativeSupport(job);
  return createNativeEngine();
}

/** @param fallback why the native engine was not taken */
async function createTfjs(spec: EngineSpec, fallback?: string): Promise<Engine> {
  const { createTfjsEngine } = await import('./tfjs/engine.js');
  const engine = await createTfjsEngine(spec);
  return fallback === undefined ? engine : { ...engine, info: { ...engine.info, fallback } };
}
