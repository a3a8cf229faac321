import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DatasetError } from '../src/contract/datasets.js';
import type { EngineInfo } from '../src/contract/events.js';
import { Unsupported } from '../src/core/engines/engine.js';
import { isOutOfMemory } from '../src/core/engines/out-of-memory.js';
import type { Run } from '../src/core/run.js';
import type { Case, Measured } from './case.js';
import { stepArrays } from './evolution-fixture.js';
import { type MatrixBuild, openMatrix } from './matrix.js';

/**
 * Our side: a process that trains as a job's child does, through the run's events, and measures the time from one to the
 * next; or the steps of an episode on one matrix. `ours.js CASE` prints a {@link Measured}, or `{"absent": …}` if this version does not support the case or runs out
 * of memory.
 */
async function main(given: Case): Promise<void> {
  try {
    console.log(JSON.stringify(await measure(given)));
  } catch (error) {
    const absent = absence(error);
    if (absent === null) throw error;
    console.log(JSON.stringify({ absent }));
  }
}

/** What is missing, if the error says so; else null. */
function absence(error: unknown): string | null {
  if (isOutOfMemory(error)) return 'out of memory';
  return error instanceof Unsupported || error instanceof DatasetError ? error.message : null;
}

async function measure(given: Case): Promise<Measured> {
  const { engine: info, step, dispose } = await (given.kind === 'step' ? openSteps(given) : openRun(given));
  for (let i = 0; i < given.warmUp; i++) await step();
  const times: number[] = [];
  const processorTimeBefore = process.cpuUsage();
  const began = performance.now();
  while (times.length < given.atLeast || performance.now() - began < 1000 * given.seconds) {
    const before = performance.now();
    await step();
    times.push(performance.now() - before);
  }
  const { user, system } = process.cpuUsage(processorTimeBefore);
  dispose();
  const { engine, backend, instructionSet } = info;
  const version = [...new Set([engine, backend, instructionSet])].join(' ');
  return { version, times, processorTime: (user + system) / 1000, peakMemory: peakMemory(), engine: info };
}

/** What is measured, step by step. */
interface Subject {
  engine: EngineInfo;
  step(): Promise<unknown>;
  dispose(): void;
}

async function openRun({ job: spec, build, coordinates }: Case): Promise<Subject> {
  if (!spec) throw new Error('Our side needs a job.');
  const { createRun, loadDatasets } = await load(build);
  const run = await createRun({ spec, datasets: await loadDatasets(spec.problem) });
  const started = await run.next();
  if (started?.type !== 'started') throw new Error(`A run begins with "started", not with "${started?.type}".`);
  if (started.coordinates !== coordinates)
    throw new Error(`The problem has ${started.coordinates} coordinates; the workload has ${coordinates}.`);
  return { engine: started.engine, step: () => metaStep(run), dispose: () => run.dispose() };
}

async function openSteps({ job, build, shape }: Case): Promise<Subject> {
  const arrays = stepArrays(shape, 1);
  const { engine, episode } = await openMatrix(await loadMatrixBuild(build), job!, arrays);
  const phi = arrays.find(({ name }) => name === 'phi')!.data as Float32Array;
  return { engine, step: () => episode.advance(phi, 1), dispose: () => episode.dispose() };
}

type Build = Pick<typeof import('../src/core/run.js'), 'createRun'> &
  Pick<typeof import('../src/data/datasets.js'), 'loadDatasets'>;

/** What drives a run, from the given checkout's build. */
async function load(build: string | undefined): Promise<Build> {
  const [{ createRun }, { loadDatasets }] = await importFrom<[Build, Build]>(build, 'core/run.js', 'data/datasets.js');
  return { createRun, loadDatasets };
}

async function loadMatrixBuild(build: string | undefined): Promise<MatrixBuild> {
  const files = ['core/engines/native/engine.js', 'contract/problems.js'];
  const [{ createNativeEngine }, { addFamily }] = await importFrom<[MatrixBuild, MatrixBuild]>(build, ...files);
  return { createNativeEngine, addFamily };
}

/** Modules of this build or of another checkout's. */
async function importFrom<Modules>(build: string | undefined, ...files: string[]): Promise<Modules> {
  const source = build === undefined ? new URL('../src/', import.meta.url) : pathToFileURL(join(build, 'dist/src/'));
  return (await Promise.all(files.map((file) => import(new URL(file, source).href)))) as Modules;
}

/** Up to the next meta-iteration's losses; a validation may come before the first. */
async function metaStep(run: Run): Promise<void> {
  for (;;) {
    const event = await run.next();
    if (event?.type === 'losses') return;
    if (event === null || event.type === 'diverged' || event.type === 'done')
      throw new Error(`The run ended early: ${JSON.stringify(event)}`);
  }
}

/** VmHWM, bytes: this process's peak memory. */
function peakMemory(): number {
  const line = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  return 1024 * Number(line![1]);
}

await main(JSON.parse(process.argv[2]!));
