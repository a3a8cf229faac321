import type { TrainingSpec } from '../../contract/training.js';

/**
 * The meta-optimizer's learning rate at a meta-iteration i = 0 … n - 1: from the last step of warm-up on, the schedule's
 * own rate.
 */
export function learningRateAt({ learningRate, schedule, iterations }: TrainingSpec, iteration: number): number {
  const { warmup } = schedule;
  const rate = learningRate * decayAt(schedule, iteration, iterations);
  return iteration < warmup ? (rate * (iteration + 1)) / warmup : rate;
}

function decayAt(schedule: TrainingSpec['schedule'], iteration: number, iterations: number): number {
  switch (schedule.name) {
    case 'constant':
      return 1;
    case 'cosine': {
      const half = (1 + Math.cos((Math.PI * iteration) / iterations)) / 2;
      return schedule.finalFraction + (1 - schedule.finalFraction) * half;
    }
    case 'exponential': {
      const times = iteration / schedule.every;
      return schedule.factor ** (schedule.staircase ? Math.floor(times) : times);
    }
  }
}
