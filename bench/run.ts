import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildRatio, compareBuilds, slower } from './against.js';
import { checkGoals, type Goal } from './goals.js';
import { measureGrowth } from './growth.js';
import { type Line, measure, runPeer, type Setting } from './measure.js';
import { type Options, readOptions, usage } from './options.js';
import { inPython, peers } from './peers.js';
import { renderGrowth } from './picture.js';
import { peersPython } from './python.js';
import { renderGoals, renderLines, renderRatios } from './report.js';
import { type PeerVerdict, verifyPeers } from './verify.js';
import { verifyEvolution } from './verify-evolution.js';
import { type Workload, workloads } from './workloads.js';

/** `npm run bench`: the same work by us and by others, in one run. bench/README.md describes the method. */

const root = fileURLToPath(new URL('../../', import.meta.url));

async function main(options: Options): Promise<number> {
  const setting = settingOf(options);
  const chosen = workloads.filter((w) => options.only.includes(w.name));
  const machine = describeMachine();
  console.log(`${machine.cpu}, ${machine.cpus} CPUs, ${machine.memory.toFixed(0)} GiB; Node ${machine.node}`);
  console.log(
    `A process that needs more than ${(options.memoryLimit / 2 ** 30).toFixed(1)} GiB or ${options.timeLimit} s is stopped.`,
  );
  if (options.against !== null) return against(options, options.against, chosen, setting, machine);

  const verdicts = options.verify ? await verify(chosen, setting) : [];
  for (const { workload, peer, form, differences, agrees } of verdicts) {
    const errors = Object.entries(differences).map(([what, distance]) => `${what} ${distance.toExponential(1)}`);
    console.log(`${agrees ? 'agrees' : 'DIFFERS'} on ${workload}: ${peers[peer].title} ${form}: ${errors.join(', ')}`);
  }
  if (verdicts.some((v) => !v.agrees)) throw new Error('A peer does not compute the same: no times are taken.');

  const lines: Line[] = [];
  for (const workload of chosen) {
    const measured = await measure(workload, setting);
    lines.push(...measured);
    console.log(`\n${workload.name}: ${workload.title}\n\n${renderLines(measured)}`);
  }
  const growth = options.only.includes('growth') ? await measureGrowth(setting, options.quick) : null;
  if (growth) {
    console.log(`\nGrowth in coordinates: the parabola, T = 20\n\n${renderLines(growth.coordinates, 'size')}`);
    console.log(`\nGrowth in T: the parabola, 10,000 coordinates\n\n${renderLines(growth.steps, 'size')}`);
    const file = options.svg ?? join(root, 'data/bench.svg');
    writeFileSync(file, renderGrowth(growth.coordinates, growth.steps));
    console.log(`\nThe curves: ${file}`);
  }

  const goals: Goal[] = JSON.parse(readFileSync(join(root, 'bench/goals.json'), 'utf8'));
  const results = checkGoals(goals, lines);
  if (results.length > 0) console.log(`\n${renderGoals(results)}`);
  if (options.json !== null)
    writeFileSync(
      options.json,
      `${JSON.stringify({ machine, options, verdicts, lines, growth, goals: results }, null, 2)}\n`,
    );
  return options.check && results.some((r) => !r.met) ? 1 : 0;
}

/** Whether all compute the same thing: as we do, or as the reference in double precision. */
async function verify(chosen: readonly Workload[], setting: Setting): Promise<PeerVerdict[]> {
  const verdicts = await verifyPeers(
    chosen.filter((workload) => workload.kind === 'unroll'),
    setting,
    (given, peer) => runPeer(peer, given, setting),
  );
  for (const workload of chosen)
    if (workload.kind !== 'unroll')
      verdicts.push(...(await verifyEvolution(workload, setting, (given, peer) => runPeer(peer, given, setting))));
  return verdicts;
}

/** Compares this build with another one. @returns the exit status */
async function against(
  options: Options,
  folder: string,
  chosen: readonly Workload[],
  setting: Setting,
  machine: object,
): Promise<number> {
  const ratios: BuildRatio[] = [];
  for (const workload of chosen.filter(({ forms }) => forms.us !== undefined))
    for (const threads of options.threads)
      ratios.push(await compareBuilds(workload, { ours: root, other: resolve(folder) }, threads, setting));
  console.log(`\nProcessor time of this build relative to that in ${folder}\n\n${renderRatios(ratios)}`);
  if (options.json !== null) writeFileSync(options.json, `${JSON.stringify({ machine, options, ratios }, null, 2)}\n`);
  return ratios.every(({ ratio }) => ratio.high < slower) ? 0 : 1;
}

function settingOf(options: Options): Setting {
  const needsPython = options.against === null && options.peers.some(inPython);
  return {
    root,
    python: needsPython ? peersPython(root) : null,
    peers: options.peers,
    threads: options.threads,
    rounds: options.rounds,
    firstFormOnly: options.quick,
    effort: {
      digits: join(root, 'data/digits'),
      cache: join(root, 'data/bench-cache'),
      warmUp: 2,
      atLeast: 3,
      seconds: options.seconds,
    },
    limits: { memory: options.memoryLimit, time: options.timeLimit },
    progress: (text) => {
      if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text} \r`);
    },
  };
}

function describeMachine() {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown CPU',
    cpus: processors.length,
    memory: totalmem() / 2 ** 30,
    node: process.versions.node,
    date: new Date().toISOString(),
  };
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options === null) console.log(usage);
  else process.exitCode = await main(options);
} catch (error) {
  if (!(error instanceof Error)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
