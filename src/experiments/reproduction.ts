import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunEvent } from '../contract/events.js';
import type { LearnedSpec } from '../contract/optimizers.js';
import { problemsOf } from '../contract/spec.js';
import { UserError } from '../contract/user-error.js';
import { loadDatasets } from '../data/datasets.js';
import { runLocally } from '../local/local-run.js';
import { isLost, type RunRecord } from '../local/run-folder.js';
import { version } from '../version.js';
import { decodeWeights } from '../weights/weights.js';
import { Estimator } from './estimate.js';
import { type Budget, type GivenOptimizer, type Job, jobsOf, type Plan } from './plan.js';
import type { Finding } from './report/findings.js';
import { writeReport } from './report/report.js';
import type { ReproductionFolder, ReproductionRecord } from './reproduction-folder.js';
import { measureCosts } from './suite/costs.js';

export interface ReproductionOptions {
  plan: Plan;
  budget: Budget;
  folder: ReproductionFolder;
  /** A file to use as the plan's given optimizer. */
  weights?: string;
  checkpointEvery?: number;
}

/** A reproduction on this machine: new, or resumed from its folder. */
export class Reproduction {
  private constructor(
    private readonly options: ReproductionOptions,
    readonly jobs: readonly Job[],
    readonly record: ReproductionRecord,
    /** Weights to write into the folder before anything runs; null if the reproduction is resumed. */
    private readonly given: ReadonlyMap<string, Uint8Array> | null,
  ) {}

  /**
   * Checks that everything the jobs need is there, and estimates from small pieces of them how long they take.
   * @throws UserError if the folder holds another reproduction, or a given optimizer is missing; DatasetError if data is
   *   missing
   */
  static async open(options: ReproductionOptions): Promise<Reproduction> {
    const { plan, budget, folder } = options;
    const jobs = jobsOf(plan, budget);
    for (const { spec } of jobs) await loadDatasets(...problemsOf(spec));
    const found = await folder.record();
    if (found) {
      await mustBeTheSame(found, jobs, options);
      return new Reproduction(options, jobs, found, null);
    }
    for (const { name } of jobs)
      if ((await folder.job(name).files()).length > 0)
        throw new UserError(
          `${join(folder.path, name)} holds a run that is not part of a reproduction: name another folder with --out.`,
          'usage',
        );
    const places = new Map((plan.given ?? []).map((given) => [given.name, findGiven(given, options)]));
    const record: ReproductionRecord = {
      plan: plan.name,
      budget,
      command: commandOf(options),
      version: version(),
      node: process.versions.node,
      machine: `${cpus()[0]?.model.trim() ?? process.arch}, ${availableParallelism()} cores`,
      expected: {},
      given: Object.fromEntries(places),
      began: new Date().toISOString(),
      ended: null,
    };
    const optimizers = new Map<string, LearnedSpec>();
    const given = new Map<string, Uint8Array>();
    for (const [name, path] of places) {
      given.set(name, await readWeights(path));
      optimizers.set(name, decodeWeights(given.get(name)!).spec);
    }
    const estimator = new Estimator();
    for (const { name, spec, of } of jobs) {
      if (spec.kind === 'metatrain') optimizers.set(name, spec.optimizer);
      const optimizer = of === null ? null : optimizers.get(of)!;
      record.expected[name] = await estimator.seconds(spec, optimizer);
    }
    return new Reproduction(options, jobs, record, given);
  }

  /** Whether the folder already held this reproduction. */
  get isResumed(): boolean {
    return this.given === null;
  }

  /** Estimated seconds left. */
  async secondsLeft(): Promise<number> {
    let seconds = 0;
    for (const { name } of this.jobs) {
      const run = await this.options.folder.job(name).record();
      if (run?.state !== 'succeeded') seconds += Math.max(0, (this.record.expected[name] ?? 0) - (run?.seconds ?? 0));
    }
    return seconds;
  }

  /** Names of the jobs that are done. */
  async done(): Promise<Set<string>> {
    const records = await Promise.all(this.jobs.map(({ name }) => this.options.folder.job(name).record()));
    return new Set(this.jobs.filter((_, i) => records[i]?.state === 'succeeded').map(({ name }) => name));
  }

  /**
   * Runs the remaining jobs one by one, and writes the report after each.
   * @returns how it ended
   */
  async run(
    signal: AbortSignal,
    onJob: (job: Job, index: number) => void,
    onEvent: (event: RunEvent) => void,
  ): Promise<RunRecord['state']> {
    const { folder, plan } = this.options;
    for (const [name, weights] of this.given ?? []) await folder.job(name).writeWeights(weights);
    await folder.writeRecord(this.record);
    const findings = new Map<string, Finding>();
    for (const [index, job] of this.jobs.entries()) {
      if ((await folder.job(job.name).record())?.state === 'succeeded') continue;
      onJob(job, index);
      const run = () => this.runJob(job, signal, onEvent);
      // Locking the reproduction's folder has already warned.
      const { state } = await folder.job(job.name).whileLocked(() => {}, run);
      if (state !== 'succeeded') return state;
      await writeReport(folder, plan, this.jobs, this.record, findings);
    }
    this.record.ended ??= new Date().toISOString();
    const suite = plan.suite?.(this.record.budget);
    if (suite)
      this.record.costs ??= await measureCosts(suite, this.jobs, async (name) => (await folder.job(name).weights())!);
    await folder.writeRecord(this.record);
    await writeReport(folder, plan, this.jobs, this.record, findings);
    return 'succeeded';
  }

  private async runJob(job: Job, signal: AbortSignal, onEvent: (event: RunEvent) => void): Promise<RunRecord> {
    const { folder, checkpointEvery } = this.options;
    const own = folder.job(job.name);
    const before = await own.record();
    if (before && isLost(before)) throw new UserError(before.failure?.message ?? 'The run failed.', 'failure');
    const checkpoint = before && (await own.checkpoint());
    if (!checkpoint) await own.clear();
    const weights = job.of === null ? null : await folder.job(job.of).weights();
    const { record } = await runLocally({
      spec: job.spec,
      folder: own,
      ...(weights && { weights }),
      ...(checkpoint && { checkpoint }),
      ...(checkpointEvery !== undefined && { checkpointEvery }),
      signal,
      onEvent,
    });
    return record;
  }
}

async function mustBeTheSame(found: ReproductionRecord, jobs: readonly Job[], options: ReproductionOptions) {
  const { plan, budget, folder } = options;
  const differences = [
    found.plan !== plan.name && `plan ${found.plan}`,
    found.budget !== budget && `budget ${found.budget}`,
    found.version !== version() && `version ${found.version} of metadescent`,
    found.command !== commandOf(options) && `"${found.command}"`,
  ];
  for (const { name, spec } of jobs)
    if ((await folder.job(name).isOf(spec)) === false) differences.push(`other specs in ${name}/spec.json`);
  const difference = differences.find((text) => text !== false);
  if (difference === undefined) return;
  throw new UserError(
    `${folder.path} holds a different reproduction (${difference}): add --overwrite to replace it, or --out for another folder.`,
    'usage',
  );
}

function commandOf({ plan, budget, weights }: ReproductionOptions): string {
  const given = weights === undefined ? '' : ` --weights ${weights}`;
  return `metadescent reproduce ${plan.name} --budget ${budget}${given}`;
}

/** The path of a given optimizer: the user's file, the other plan's reproduction, or the one shipped with metadescent. */
function findGiven({ plan, job, shipped }: GivenOptimizer, { folder, budget, weights }: ReproductionOptions): string {
  const made = join(dirname(folder.path), `${plan}-${budget}`, job, 'weights.safetensors');
  const packaged = fileURLToPath(new URL(`../../../examples/optimizers/${shipped}`, import.meta.url));
  const places = weights === undefined ? [made, packaged] : [weights];
  const found = places.find((path) => existsSync(path));
  if (found) return relative('', found);
  throw new UserError(
    `No trained optimizer found: ${places.map((path) => relative('', path)).join(' and ')} ${places.length > 1 ? 'are' : 'is'} missing. Run "metadescent reproduce ${plan} --budget ${budget}" first, or name a file with --weights.`,
    'usage',
  );
}

async function readWeights(path: string): Promise<Uint8Array> {
  try {
    const bytes = await readFile(path);
    decodeWeights(bytes);
    return bytes;
  } catch (error) {
    throw new UserError(`${path} is not a weights file: ${(error as Error).message}`, 'usage');
  }
}
