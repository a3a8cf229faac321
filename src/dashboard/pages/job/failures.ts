import type { JobFailure } from '../../../contract/events.js';

/** Why a job fails, in plain words, and what to do. */
export const failures: Readonly<Record<JobFailure['code'], { readonly what: string; readonly todo: string }>> = {
  diverged: {
    what: 'Training diverged: a loss, a gradient or a weight is no longer a finite number.',
    todo: 'Try a lower training.learningRate, a limit on the meta-gradient (training.clipNorm, for example 1), or a shorter unroll. Another seed tells whether it was chance.',
  },
  'child-lost': {
    what: 'The process that computed the job ended unexpectedly, in every attempt.',
    todo: 'See the worker’s log for the reason. If the machine ran out of memory, use fewer functions or a shorter unroll.',
  },
  'worker-lost': {
    what: 'The worker stopped responding while it ran the job, in every attempt.',
    todo: 'See whether the worker’s machine was restarted or overloaded, then submit the job again.',
  },
  'out-of-memory': {
    what: 'The job needed more memory than its worker has.',
    todo: 'Use fewer functions (training.functions), a shorter unroll, or a smaller problem; the form shows the memory that a job needs.',
  },
  unsupported: {
    what: 'No engine on the worker accepts the job.',
    todo: 'Set engine.name to "auto", or change what the message names.',
  },
  'weights-missing': {
    what: 'The trained optimizer that the job evaluates no longer exists.',
    todo: 'Choose another version or another job’s weights.',
  },
  'weights-changed': {
    what: 'The weights that the job evaluates were replaced after it had begun.',
    todo: 'Submit the comparison again: it takes the weights as they are now.',
  },
  internal: {
    what: 'The service made a mistake.',
    todo: 'Its log has the cause. Submit the job again, and report it if it fails again.',
  },
};
