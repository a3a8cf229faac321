import { isRule } from '../../contract/optimizers.js';
import { type CompareSpec, problemsOf } from '../../contract/spec.js';
import type { Engine } from '../../core/engines/engine.js';
import { selectEngine } from '../../core/engines/select.js';
import { stateLayout } from '../../core/engines/state-layout.js';
import { type Learned, learnedMethod, useOf } from '../../core/optimise/learned-method.js';
import { type Method, optimise, standingStill } from '../../core/optimise/method.js';
import { ruleMethod } from '../../core/optimise/rule-method.js';
import { ruleOf } from '../../core/optimizers/registry.js';
import { type FunctionBatch, sampleFunctions } from '../../core/problems/batch.js';
import { Purpose } from '../../core/random/random.js';
import { loadDatasets } from '../../data/datasets.js';
import { flattenWeights } from '../../weights/shapes.js';
import { decodeWeights } from '../../weights/weights.js';
import { type Job, type Suite, suiteJobName } from '../plan.js';
import { titleOfRule } from './standings.js';

/** What optimizers cost on one function of a suite's first task, on this machine. */
export interface StepCosts {
  /** The task's title. */
  readonly task: string;
  readonly coordinates: number;
  /** Seconds of a step that only evaluates the function and its gradient. */
  readonly gradientSeconds: number;
  readonly optimizers: readonly StepCost[];
}

export interface StepCost {
  /** As an entrant's. */
  readonly title: string;
  /** fp32 numbers that the optimizer keeps, besides θ and its own weights. */
  readonly state: number;
  /** Of a whole step. */
  readonly seconds: number;
}

/** Each is run for this long, after a run to warm up. */
const timedSeconds = 0.3;

/** @param weightsOf the file of a training's weights */
export async function measureCosts(
  suite: Suite,
  jobs: readonly Job[],
  weightsOf: (training: string) => Promise<Uint8Array>,
): Promise<StepCosts> {
  const task = suite.tasks[0]!;
  const found = suite.learned.map(({ name, title }) => {
    const { of, spec } = jobs.find((job) => job.name === suiteJobName(task, name))!;
    return { title, of: of!, spec: spec as CompareSpec };
  });
  const { of, spec } = found[0]!;
  const datasets = await loadDatasets(...problemsOf(spec));
  const batch = sampleFunctions(spec.problem, spec.seed, Purpose.comparison, 0, 1, datasets);
  const trained = new Map<string, Learned>();
  for (const { of } of found) if (!trained.has(of)) trained.set(of, learnedFrom(await weightsOf(of)));
  const optimizers: StepCost[] = [];
  for (const { title, of, spec } of found) {
    const learned = trained.get(of)!;
    const engine = await selectEngine(spec.engine, spec, learned.spec);
    const method = learnedMethod(learned, useOf(learned.spec, spec.comparison.learned));
    const state = stateLayout(learned.spec, batch).size;
    optimizers.push({ title, state, seconds: await secondsPerStep(engine, batch, method) });
  }
  const engine = await selectEngine(spec.engine, spec, trained.get(of)!.spec);
  for (const rule of spec.comparison.baselines.filter(isRule)) {
    const { usualRate, init } = ruleOf(rule);
    const method = ruleMethod({ ...rule, learningRate: usualRate });
    const state = batch.dimension * init(0).vectors.length;
    optimizers.push({ title: titleOfRule(rule), state, seconds: await secondsPerStep(engine, batch, method) });
  }
  const gradientSeconds = await secondsPerStep(engine, batch, standingStill);
  return { task: task.title, coordinates: batch.dimension, gradientSeconds, optimizers };
}

function learnedFrom(file: Uint8Array): Learned {
  const { spec, tensors } = decodeWeights(file);
  return { spec, phi: flattenWeights(tensors) };
}

/** The fastest of three runs: what else the machine does only ever adds. */
async function secondsPerStep(engine: Engine, batch: FunctionBatch, method: Pick<Method, 'optimise'>): Promise<number> {
  let steps = 4;
  let seconds = await secondsOf(steps);
  for (; seconds < timedSeconds; seconds = await secondsOf(steps)) steps *= 2;
  for (let again = 0; again < 2; again++) seconds = Math.min(seconds, await secondsOf(steps));
  return seconds / steps;

  async function secondsOf(count: number): Promise<number> {
    const began = performance.now();
    await optimise(engine, batch, method, count);
    return (performance.now() - began) / 1000;
  }
}
