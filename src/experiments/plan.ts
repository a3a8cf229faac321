import type { CompareSpec, JobSpec, MetatrainSpec } from '../contract/spec.js';
import { parseJobSpec } from '../contract/validate.js';

/** How much a reproduction may take: minutes that show the way, what the published figures are made with, or more. */
export const budgets = ['quick', 'standard', 'full'] as const;
export type Budget = (typeof budgets)[number];

/** What a document may hold: every field with a default can be left out. */
export type Input<T> = T extends readonly (infer U)[]
  ? readonly Input<U>[]
  : T extends object
    ? { readonly [K in keyof T]?: Input<T[K]> }
    : T;

/** An experiment of a paper: trainings and comparisons, in the order in which they run. */
export interface Plan {
  name: string;
  title: string;
  /** Where it comes from. */
  source: string;
  /** What is done and what to look for, in a few sentences. */
  summary: string;
  /** Optimizers that another plan trains. */
  given?: readonly GivenOptimizer[];
  jobs(budget: Budget): readonly PlannedJob[];
  /** Of a plan that changes one thing at a time: the lines of its table, the unchanged one first. */
  variants?(budget: Budget): readonly Variant[];
}

export interface Variant {
  /** What is changed, as a document says it. */
  change: string;
  /** Names of its jobs: a training and its comparison for each seed. */
  jobs: readonly string[];
}

/** A trained optimizer from the folder of another plan's reproduction, or from those that ship in `examples/`. */
export interface GivenOptimizer {
  /** What comparisons call it. */
  name: string;
  plan: string;
  job: string;
  /** A file in examples/optimizers/. */
  shipped: string;
}

export type PlannedJob = {
  /** Its folder in the reproduction's. */
  name: string;
  title: string;
} & (
  | { train: Input<Omit<MetatrainSpec, 'kind' | 'comparison'>> }
  /** `of` is the name of a training, or of a given optimizer. */
  | { of: string; compare: Input<Omit<CompareSpec, 'kind' | 'optimizer'>> }
);

/** A job of a plan with its complete spec. */
export interface Job {
  name: string;
  title: string;
  spec: JobSpec;
  /** The training or given optimizer that a comparison is about. */
  of: string | null;
}

/** The jobs of a plan. */
export function jobsOf(plan: Plan, budget: Budget): Job[] {
  return plan.jobs(budget).map((job) => {
    const { name, title } = job;
    if ('train' in job) {
      const spec = parseJobSpec({ kind: 'metatrain', title, ...job.train, comparison: null });
      return { name, title, spec, of: null };
    }
    const spec = parseJobSpec({ kind: 'compare', title, ...job.compare, optimizer: { job: job.of } });
    return { name, title, spec, of: job.of };
  });
}
