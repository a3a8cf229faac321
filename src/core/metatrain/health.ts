import { validationHorizon } from '../../contract/curriculum.js';
import { evolutionOf } from '../../contract/estimators.js';
import type { RunEvent } from '../../contract/events.js';
import { stepRates } from '../../contract/use.js';
import { sortedQuantile } from '../statistics.js';
import { Causes } from './causes.js';
import type { EstimatorContext } from './estimators/estimator.js';
import { judge } from './history.js';
import { probe } from './probe.js';
import { noNorms, signalToNoise, type TrainingState, type ValidationState } from './state.js';
import { validationFunctions } from './validation.js';

/** Functions probed for a health event. */
const probed = 8;

/** Reports the health of a training after each validation. */
export class Health {
  private readonly causes: Causes;

  constructor(private readonly context: EstimatorContext) {
    this.causes = new Causes(context.spec);
  }

  /** From the latest validation and the meta-iterations before it, which it forgets. */
  async report(now: TrainingState, { diverged }: ValidationState): Promise<RunEvent> {
    const { spec, engine } = this.context;
    const { iterations, clipped, norms, replaced } = now.gradients;
    const batch = validationFunctions(this.context, 0, probed);
    const { inner } = spec.training;
    const horizon = validationHorizon(spec.training);
    const rates = inner && stepRates(inner, horizon);
    const behaviour = await probe(engine, spec.optimizer, now.phi, batch, horizon, rates);
    const { updateSize, signAgreement, saturation } = behaviour;
    const { verdict, message } = judge(now.history!);
    const causes = this.causes.of(now, behaviour);
    const event: RunEvent = {
      type: 'health',
      iteration: now.iteration,
      verdict,
      message: [message, ...causes].join(' '),
      causes,
      gradientNorm: iterations === 0 ? null : sortedQuantile(Float64Array.from(norms).sort(), 0.5),
      clipped: iterations === 0 ? null : clipped / iterations,
      updateSize,
      signAgreement,
      saturation,
      diverged: diverged / spec.training.validation.functions,
      ...(evolutionOf(spec.training) && { signalToNoise: signalToNoise(now.gradients), replaced: replaced ?? 0 }),
    };
    now.validation = null;
    now.gradients = noNorms();
    return event;
  }
}
