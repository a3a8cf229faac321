import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PairedBootstrap, percentileInterval } from '../src/core/statistics.js';
import { type Case, caseOf, type Measured } from './case.js';
import { median, type Setting } from './measure.js';
import { runCase } from './subject.js';
import type { Workload } from './workloads.js';

/** Two builds of ours, compared in processor time, which other load on the machine changes little. */

/** Above this ratio a build counts as slower. */
export const slower = 1.05;

export interface Ratio {
  value: number;
  /** Ends of the 95 % interval. */
  low: number;
  high: number;
}

export interface BuildRatio {
  workload: string;
  threads: number;
  /** Milliseconds of processor time per meta-step, medians over blocks. */
  ours: number;
  other: number;
  ratio: Ratio;
  /** The blocks' times in pairs, in the order of the rounds. */
  pairs: readonly Pair[];
}

/** Processor time of two consecutive blocks of the same work. */
export interface Pair {
  ours: number;
  other: number;
}

/**
 * Runs blocks of equal work in fresh processes, in rounds of other, ours, ours, other, so that a machine that slows down
 * or speeds up slows both builds alike.
 * @throws Error if a build is missing or cannot run the workload
 */
export async function compareBuilds(
  workload: Workload,
  builds: { ours: string; other: string },
  threads: number,
  setting: Setting,
): Promise<BuildRatio> {
  const { effort, rounds } = setting;
  for (const build of Object.values(builds))
    if (!existsSync(join(build, 'dist/src/core/run.js')))
      throw new Error(`--against ${build}: no dist/src/core/run.js there; run npm run setup in that folder.`);
  const given = caseOf(workload, 'us', '', effort);
  // The other build's speed decides how much work a block is.
  const { times } = await runBlock({ ...given, build: builds.other }, threads, setting);
  const block = async (who: 'ours' | 'other', round: number): Promise<number> => {
    setting.progress(`${workload.name}, ${threads} CPUs, round ${round + 1} of ${rounds}`);
    const work = { ...given, build: builds[who], atLeast: times.length, seconds: 0 };
    return (await runBlock(work, threads, setting)).processorTime / times.length;
  };
  const pairs: Pair[] = [];
  for (let round = 0; round < rounds; round++) {
    const first = await block('other', round);
    pairs.push({ other: first, ours: await block('ours', round) });
    const third = await block('ours', round);
    pairs.push({ ours: third, other: await block('other', round) });
  }
  return {
    workload: workload.name,
    threads,
    ours: median(pairs.map((pair) => pair.ours)),
    other: median(pairs.map((pair) => pair.other)),
    ratio: ratioOf(pairs),
    pairs,
  };
}

/** The geometric mean of the pairs' ratios, and its bootstrap interval over pairs. */
export function ratioOf(pairs: readonly Pair[]): Ratio {
  const logs = Float64Array.from(pairs, ({ ours, other }) => Math.log(ours / other));
  const bootstrap = new PairedBootstrap([logs], 1);
  bootstrap.resample(10_000);
  const { low, high } = percentileInterval(bootstrap.means(0), 0.95);
  const value = logs.reduce((sum, log) => sum + log, 0) / logs.length;
  return { value: Math.exp(value), low: Math.exp(low), high: Math.exp(high) };
}

async function runBlock(given: Case, threads: number, { root, limits }: Setting): Promise<Measured> {
  const outcome = await runCase([process.execPath, join(root, 'dist/bench/ours.js')], given, threads, limits);
  if (!outcome.ok) throw new Error(`${given.build} cannot run this workload: ${outcome.reason}.`);
  return outcome.value;
}
