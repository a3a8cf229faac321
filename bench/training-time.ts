import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { readSpecFile, specOf } from '../src/cli/spec-file.js';
import { type MetatrainSpec, problemsOf } from '../src/contract/spec.js';
import { UserError } from '../src/contract/user-error.js';
import { createRun } from '../src/core/run.js';
import { loadDatasets } from '../src/data/datasets.js';
import { jobsOf } from '../src/experiments/plan.js';
import { plans } from '../src/experiments/plans.js';
import { formatCount, formatDuration } from '../src/figures/numbers.js';
import { formatTime } from './report.js';
import { allowedCpus } from './subject.js';

/** `npm run bench -- --training WHAT`: the time of a whole training, from its first meta-iterations. */

/** What the first meta-iterations of a training took, in seconds. */
export interface TimedTraining {
  /** From the beginning to the end of the first meta-iteration, without its validation. */
  start: number;
  /** Of each further meta-iteration. */
  iterations: readonly number[];
  /** Of each validation, with the health that goes with it. */
  validations: readonly number[];
}

/** @returns the exit status */
export async function measureTraining(): Promise<number> {
  try {
    await printEstimate();
    return 0;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    console.error(error.message);
    return 2;
  }
}

async function printEstimate(): Promise<void> {
  const { values } = parseArgs({
    options: {
      training: { type: 'string' },
      timed: { type: 'string', default: '2000' },
      iterations: { type: 'string' },
    },
  });
  const given = await trainingOf(values.training!);
  const iterations = countOf('iterations', values.iterations ?? String(given.training.iterations));
  const timed = countOf('timed', values.timed);
  const spec = { ...given, training: { ...given.training, iterations }, comparison: null };
  const load = loadavg()[0]!;
  const { engine, elapsed, processor } = await timeTraining(spec, Math.min(timed, iterations));
  const count = elapsed.iterations.length;
  const milliseconds = (times: readonly number[]) => formatTime(1000 * mean(times));
  const whole = (times: TimedTraining) => formatDuration(wholeTraining(times, spec.training));
  const tenths = Array.from({ length: 10 }, (_, i) =>
    elapsed.iterations.slice(Math.floor((i * count) / 10), Math.floor(((i + 1) * count) / 10)),
  ).filter((part) => part.length > 0);
  const means = tenths.sort((a, b) => mean(a) - mean(b)).map(milliseconds);
  console.log(
    [
      `${cpus()[0]?.model.trim()}, ${allowedCpus().length} CPUs, load ${load.toFixed(1)} before and ${loadavg()[0]!.toFixed(1)} after; ${engine}`,
      `${formatCount(count + 1)} meta-iterations: ${milliseconds(elapsed.iterations)} each, ${means[0]} to ${means.at(-1)} over tenths of them; processor time ${milliseconds(processor.iterations)}`,
      `validations: ${elapsed.validations.length}, ${milliseconds(elapsed.validations)} each; processor time ${milliseconds(processor.validations)}`,
      `All ${formatCount(iterations)}: ${whole(elapsed)}; processor time ${whole(processor)}; without checkpoints and the comparison`,
    ].join('\n'),
  );
}

/** The training of a document, or the first one of an experiment at its full budget. */
async function trainingOf(name: string): Promise<MetatrainSpec> {
  const plan = plans.get(name);
  const specs = plan ? jobsOf(plan, 'full').map((job) => job.spec) : [specOf(await readSpecFile(name))];
  const training = specs.find((spec) => spec.kind === 'metatrain');
  if (!training) throw new UserError(`--training ${name}: expected a document or an experiment that trains.`, 'usage');
  return training;
}

function countOf(name: string, text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 2)
    throw new UserError(`--${name} ${text}: expected an integer from 2.`, 'usage');
  return count;
}

/**
 * Runs the first `count` meta-iterations, through the run's events.
 * @throws Error if the run ends earlier
 */
export async function timeTraining(
  spec: MetatrainSpec,
  count: number,
): Promise<Record<Clock, TimedTraining> & { engine: string }> {
  const run = await createRun({ spec, datasets: await loadDatasets(...problemsOf(spec)) });
  let engine = '';
  const iterations: Reading[] = [];
  const validations: Reading[] = [];
  let began = read();
  try {
    while (iterations.length < count) {
      const event = await run.next();
      if (event === null || event.type === 'diverged' || event.type === 'done')
        throw new Error(`The training ended after ${iterations.length} meta-iterations.`);
      if (event.type === 'started') engine = `${event.engine.engine} ${event.engine.instructionSet}`;
      // A validation has further events, before its health.
      else if (event.type === 'losses') iterations.push(since(began));
      else if (event.type === 'health') validations.push(since(began));
      else continue;
      began = read();
    }
  } finally {
    run.dispose();
  }
  const of = (clock: Clock): TimedTraining => {
    const [start, ...further] = iterations.map((reading) => reading[clock]);
    return { start: start!, iterations: further, validations: validations.map((reading) => reading[clock]) };
  };
  return { engine, elapsed: of('elapsed'), processor: of('processor') };
}

/** Seconds that pass, and those of the processors, summed over threads. */
type Clock = 'elapsed' | 'processor';
type Reading = Readonly<Record<Clock, number>>;

function read(): Reading {
  const { user, system } = process.cpuUsage();
  return { elapsed: performance.now() / 1000, processor: (user + system) / 1e6 };
}

function since(began: Reading): Reading {
  const now = read();
  return { elapsed: now.elapsed - began.elapsed, processor: now.processor - began.processor };
}

/** Seconds of a whole training: as many validations as it has, each as long as the timed ones, and the meta-iterations. */
export function wholeTraining(
  { start, iterations, validations }: TimedTraining,
  training: Pick<MetatrainSpec['training'], 'iterations' | 'validation'>,
): number {
  const validated = Math.ceil(training.iterations / training.validation.every) + 1;
  return start + (training.iterations - 1) * mean(iterations) + validated * mean(validations);
}

/** 0 for none. */
function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
