import type { Measure } from '../contract/measures.js';
import type { CompareSpec, JobSpec, MetatrainSpec } from '../contract/spec.js';
import { parseJobSpec } from '../contract/validate.js';

/** The size of a reproduction: a smoke test of minutes, the published figures, or longer training. */
export const budgets = ['quick', 'standard', 'full'] as const;
export type Budget = (typeof budgets)[number];

/** A document: every field with a default can be left out. */
export type Input<T> = T extends readonly (infer U)[]
  ? readonly Input<U>[]
  : T extends object
    ? { readonly [K in keyof T]?: Input<T[K]> }
    : T;

/** An experiment of a paper: trainings and comparisons, in the order in which they run. */
export interface Plan {
  name: string;
  title: string;
  /** The paper or repository it comes from. */
  source: string;
  /** What is done and what to look for, in a few sentences. */
  summary: string;
  /** Optimizers that another plan trains. */
  given?: readonly GivenOptimizer[];
  jobs(budget: Budget): readonly PlannedJob[];
  /** In an ablation, its table. */
  ablation?(budget: Budget): Ablation;
  /** Where optimizers are judged over many tasks: which jobs are on which task. */
  suite?(budget: Budget): Suite;
}

/** The table of an ablation. */
export interface Ablation {
  /** Its rows, the base first. */
  readonly variants: readonly Variant[];
  /** Whether the changes are in a document's syntax, rather than words. */
  readonly areDocuments: boolean;
  readonly columns: readonly AblationColumn[];
}

export interface Variant {
  /** Empty for the base. */
  readonly change: string;
  /** Names of its jobs: a training and its comparisons for each seed. */
  readonly jobs: readonly string[];
}

export interface AblationColumn {
  readonly title: string;
  readonly measure: Measure;
  /** What the names of its comparisons end with. */
  readonly comparison: string;
}

/** Comparisons of learned optimizers, or of ways to use one, on the tasks of a suite. */
export interface Suite {
  readonly tasks: readonly { readonly name: string; readonly title: string; readonly steps: number }[];
  /** Ends of the names of their jobs. The first is the one that is judged; the baselines are in its jobs. */
  readonly learned: readonly { readonly name: string; readonly title: string }[];
}

/** The name of a task's comparison. */
export function suiteJobName(task: { readonly name: string }, name: string): string {
  return `${task.name}-${name}`;
}

/** A trained optimizer from another plan's reproduction, or from `examples/`. */
export interface GivenOptimizer {
  /** Its name in comparisons. */
  name: string;
  plan: string;
  job: string;
  /** A file in examples/optimizers/. */
  shipped: string;
}

export type PlannedJob = {
  /** Also the name of its folder. */
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
