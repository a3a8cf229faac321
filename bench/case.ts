import type { EngineInfo } from '../src/contract/events.js';
import type { MetatrainSpec } from '../src/contract/spec.js';
import { jobOf } from './job.js';
import { type PeerName, peers } from './peers.js';
import type { TensorStep, Unroll, Workload } from './workloads.js';

/** The argument of a measured process, as JSON. */
export interface Case extends Pick<Workload, 'kind' | 'functions' | 'coordinates' | 'steps'> {
  /** Only of unrolls. */
  problem?: Unroll['problem'];
  optimizer?: Unroll['optimizer'];
  batch?: number;
  /** Only of steps on a tensor. */
  shape?: TensorStep['shape'];
  learningRate: number;
  /** The peer's form, such as "saved+joined". */
  form: string;
  /** Only for ours: already validated, like the document that a job's child process gets. Of a step, its optimizer. */
  job?: MetatrainSpec;
  /** Meta-steps before the clock starts. */
  warmUp: number;
  /** Meta-steps that are timed: at least this many, and for at least `seconds`. */
  atLeast: number;
  seconds: number;
  /** Folder with the digits. */
  digits: string;
  /** Folder where a framework may keep what it compiled. */
  cache: string;
  /** Only for ours: the checkout whose build is measured; by default this one. */
  build?: string;
  /** A file of functions and weights: if given, the process prints their losses and meta-gradient instead of times. */
  fixture?: string;
}

/** What a measured process prints as its last line. */
export interface Measured {
  /** Such as "jax 0.10.2". */
  version: string;
  /** Milliseconds of each meta-step. */
  times: number[];
  /** Milliseconds of processor time of all timed meta-steps, summed over threads. */
  processorTime: number;
  /** VmHWM, bytes. */
  peakMemory: number;
  /** Only for ours: what the job ran on. */
  engine?: EngineInfo;
}

const learningRate = 1e-3;

/** What the runner adds to a workload. */
export type Effort = Pick<Case, 'digits' | 'cache' | 'warmUp' | 'atLeast' | 'seconds'>;

/** The case of a workload for one peer in one of its forms. */
export function caseOf(workload: Workload, peer: PeerName, form: string, effort: Effort): Case {
  const { kind, functions, coordinates, steps } = workload;
  const { engine } = peers[peer];
  const job = engine && jobOf(workload, learningRate, engine);
  return {
    kind,
    functions,
    coordinates,
    steps,
    ...partsOf(workload),
    learningRate,
    form,
    ...(job && { job }),
    ...effort,
  };
}

/** What only one kind of workload has. */
function partsOf(workload: Workload): Partial<Case> {
  if (workload.kind === 'step') return { shape: workload.shape };
  if (workload.kind === 'pes') return {};
  const { problem, optimizer, batch } = workload;
  return { problem, optimizer, ...(batch !== undefined && { batch }) };
}
