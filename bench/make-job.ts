import type { EngineInfo } from '../src/contract/events.js';
import { parseJobSpec } from '../src/contract/validate.js';
import type { Attempts } from '../src/jobs/attempts.js';
import type { Jobs } from '../src/jobs/jobs.js';

/** Points per entry, as many as a worker's child sends together at most. */
const pointsPerEntry = 16_384;
/** Entries that wait for Redis at any time. */
const inFlight = 16;

const engine: EngineInfo = {
  engine: 'native',
  backend: 'cpu',
  version: 'bench',
  instructionSet: 'portable',
  threads: 1,
};

export interface MakeJobOptions {
  jobs: Jobs;
  attempts: Attempts;
  /** Points of all its losses. */
  points: number;
  /** Steps of an unroll; divides the points. */
  perIteration?: number;
  /** Fields of its document besides those of the training. */
  document?: object;
  /** Whether the job ends once it has its losses; true by default. If not, the caller's process holds it. */
  ends?: boolean;
}

/**
 * Makes a job with losses that fall and fluctuate, in the way that a worker does and as fast as Redis accepts them. The
 * jobs' store must not have another worker.
 * @returns its id
 */
export async function makeJob({
  jobs,
  attempts,
  points,
  perIteration = 20,
  document = {},
  ends = true,
}: MakeJobOptions): Promise<string> {
  const iterations = points / perIteration;
  const spec = parseJobSpec({
    kind: 'metatrain',
    problem: { name: 'quadratic' },
    optimizer: { name: 'lstm' },
    comparison: null,
    ...document,
    training: { iterations, horizon: perIteration, unroll: perIteration },
  });
  const { id } = (await jobs.create(spec)).job;
  const attempt = (await attempts.begin(id))!;
  await attempt.append({ type: 'started', engine, coordinates: 10, weights: 1000, iterations, unroll: perIteration });
  const perEntry = Math.max(1, Math.floor(pointsPerEntry / perIteration));
  const noise = noiseOf(2 ** 16);
  const appended: Promise<void>[] = [];
  for (let iteration = 0; iteration < iterations; iteration += perEntry) {
    const count = Math.min(perEntry, iterations - iteration);
    const losses = lossesOf(iteration, count, { iterations, perIteration, noise });
    appended.push(attempt.append({ type: 'losses', iteration, step: 0, perIteration, points: losses }));
    if (appended.length >= inFlight) await appended.shift();
  }
  await Promise.all(appended);
  if (ends) {
    await attempt.append({ type: 'done', iterations, bestIteration: iterations });
    await attempt.succeed();
  }
  return id;
}

interface Course {
  readonly iterations: number;
  readonly perIteration: number;
  readonly noise: Float32Array;
}

/** The losses fall within each unroll, and over the training. */
function lossesOf(first: number, count: number, { iterations, perIteration, noise }: Course): Float32Array {
  const points = new Float32Array(count * perIteration);
  for (let i = 0; i < count; i++) {
    const iteration = first + i;
    const scale = 0.01 + 1 / (1 + (20 * iteration) / iterations);
    for (let p = 0; p < perIteration; p++)
      points[i * perIteration + p] =
        scale * (1 - (0.9 * p) / perIteration) * noise[(iteration * 31 + p * 7) % noise.length]!;
  }
  return points;
}

/** Factors about 1, log-uniform in [1/2, 2]; by a linear congruential generator (Numerical Recipes). */
function noiseOf(length: number): Float32Array {
  let state = 1;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return 2 ** ((2 * state) / 2 ** 32 - 1);
  });
}
