import { enginesFor } from '../../contract/engines.js';
import type { LearnedSpec } from '../../contract/optimizers.js';
import { type EngineSpec, type JobSpec, problemsOf } from '../../contract/spec.js';
import { type Engine, Unsupported } from './engine.js';
import { engineKinds } from './kinds.js';
import { withMixtures } from './mixtures.js';

/**
 * The engine that a job asks for; "auto" is the fastest one that this machine has and that accepts the job. Its info says
 * why it is not a faster one.
 * @param job the job that the engine must accept; without it, any
 * @param given the optimizer that a comparison names
 * @throws Unsupported if this machine lacks the engine, or the engine does not accept the job.
 */
export async function selectEngine(spec: EngineSpec, job?: JobSpec, given?: LearnedSpec): Promise<Engine> {
  const optimizer = job?.kind === 'metatrain' ? job.optimizer : given;
  const reasons: string[] = [];
  for (const kind of enginesFor(spec, engineKinds)) {
    const reason = (job && kind.refuses(job, optimizer)) ?? (await kind.missing(spec));
    if (reason === null) {
      const engine = withMixtures(await kind.open(spec, job ? problemsOf(job) : []));
      return reasons.length === 0 ? engine : { ...engine, info: { ...engine.info, fallback: reasons.join(' ') } };
    }
    reasons.push(reason);
  }
  throw new Unsupported(reasons.at(-1));
}
