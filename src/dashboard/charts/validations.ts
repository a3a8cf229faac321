import type { JobEventOf } from '../../contract/events.js';
import { fromWire } from '../../contract/schema.js';
import type { JobSpec } from '../../contract/spec.js';

export interface Validation {
  /** Meta-iterations done. */
  readonly iteration: number;
  /** Per step, so that it is on the axis of the losses. */
  readonly loss: number;
  readonly best: boolean;
}

/** Events of earlier versions leave the measure and the steps to the document. */
export function validationOf(event: JobEventOf<'validation'>, spec: JobSpec): Validation {
  const { iteration, best, loss } = event;
  const training = spec.kind === 'metatrain' ? spec.training : null;
  const measure = event.measure ?? training?.validation.measure ?? 'sum';
  const steps = event.steps ?? training?.validation.horizon ?? training?.horizon ?? 1;
  return { iteration, best, loss: fromWire(loss) / (measure === 'sum' ? steps : 1) };
}

/** Adds an item in place of those from its meta-iteration on: a later attempt repeats what came after its checkpoint. */
export function replaceFrom<T extends { iteration: number }>(list: T[], item: T): void {
  const end = list.findLastIndex(({ iteration }) => iteration < item.iteration) + 1;
  list.splice(end, list.length - end, item);
}
