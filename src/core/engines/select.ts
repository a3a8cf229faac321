import type { LearnedSpec } from '../../contract/optimizers.js';
import type { EngineSpec, JobSpec } from '../../contract/spec.js';
import { type Engine, Unsupported } from './engine.js';

/**
 * The engine that a job asks for; "auto" is the fastest one that supports the job. Engines are loaded on demand.
 * @param job the job that the engine must support; without it, any
 * @param given the optimizer that a comparison names
 * @throws Unsupported if this machine lacks the engine, or the engine does not support the job.
 */
export async function selectEngine(spec: EngineSpec, job?: JobSpec, given?: LearnedSpec): Promise<Engine> {
  if (spec.name === 'tfjs' || (spec.name === 'auto' && spec.backend !== 'auto')) return createTfjs(spec, job);
  try {
    return await createNative(spec, job, job?.kind === 'metatrain' ? job.optimizer : given);
  } catch (error) {
    if (spec.name === 'native' || !(error instanceof Unsupported)) throw error;
    const engine = await createTfjs(spec, job);
    return { ...engine, info: { ...engine.info, fallback: error.message } };
  }
}

/** With tfjs for the gradients of a problem that has no native kernels. */
async function createNative(spec: EngineSpec, job?: JobSpec, optimizer?: LearnedSpec): Promise<Engine> {
  const [{ createNativeEngine }, { checkNativeSupport }, { hasKernelsWithin }] = await Promise.all([
    import('./native/engine.js'),
    import('./native/support.js'),
    import('./native/arguments.js'),
  ]);
  if (job) checkNativeSupport(job, optimizer);
  const elsewhere = job !== undefined && !hasKernelsWithin(job.problem);
  return createNativeEngine(elsewhere ? await createTfjs(spec) : undefined);
}

async function createTfjs(spec: EngineSpec, job?: JobSpec): Promise<Engine> {
  const [{ createTfjsEngine }, { checkTfjsSupport }] = await Promise.all([
    import('./tfjs/engine.js'),
    import('./tfjs/support.js'),
  ]);
  if (job) checkTfjsSupport(job);
  return createTfjsEngine(spec);
}
