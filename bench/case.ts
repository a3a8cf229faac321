import type { EngineInfo } from '../src/contract/events.js';
import type { MetatrainSpec } from '../src/contract/spec.js';
import { jobOf } from './job.js';
import { type PeerName, peers } from './peers.js';
import type { Workload } from './workloads.js';

/** What a measured process is told, as one JSON argument. */
export interface Case {
  problem: Workload['problem'];
  optimizer: Workload['optimizer'];
  functions: number;
  coordinates: number;
  steps: number;
  batch?: number;
  learningRate: number;
  /** Of the peer, such as "saved+joined". */
  form: string;
  /** Of ours: checked already, as the child that runs a job is given it. */
  job?: MetatrainSpec;
  /** Meta-steps before the clock starts. */
  warmUp: number;
  /** Meta-steps that are timed: so many, and on until these seconds are over. */
  atLeast: number;
  seconds: number;
  /** Folder of the digits. */
  digits: string;
  /** Folder where a framework may keep what it compiled. */
  cache: string;
  /** Of ours: the checkout whose build is measured. Without it, the one that this file belongs to. */
  build?: string;
  /** A file of functions and weights whose losses and meta-gradient are wanted, instead of times. */
  fixture?: string;
}

/** What it prints as its last line. */
export interface Measured {
  /** Such as "jax 0.10.2". */
  version: string;
  /** Milliseconds of each meta-step. */
  times: number[];
  /** Of ours: milliseconds of processor time, of all threads, that the timed meta-steps took together. */
  processorTime?: number;
  /** VmHWM, bytes. */
  peakMemory: number;
  /** Of ours: what the job says that it ran on. */
  engine?: EngineInfo;
}

const learningRate = 1e-3;

/** What the runner adds to a workload. */
export type Effort = Pick<Case, 'digits' | 'cache' | 'warmUp' | 'atLeast' | 'seconds'>;

/** The case of a workload for one peer in one of its forms. */
export function caseOf(workload: Workload, peer: PeerName, form: string, effort: Effort): Case {
  const { problem, optimizer, functions, coordinates, steps, batch } = workload;
  const { engine } = peers[peer];
  return {
    problem,
    optimizer,
    functions,
    coordinates,
    steps,
    ...(batch === undefined ? {} : { batch }),
    learningRate,
    form,
    ...(engine === undefined ? {} : { job: jobOf(workload, learningRate, engine) }),
    ...effort,
  };
}
