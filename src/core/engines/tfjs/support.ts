import { type ProblemSpec, problemsIn } from '../../../contract/problems.js';
import type { JobSpec } from '../../../contract/spec.js';
import { problemOf } from '../../problems/registry.js';
import { Unsupported } from '../engine.js';

/** @throws Unsupported if a job needs what this engine does not support. */
export function checkTfjsSupport(job: JobSpec): void {
  if (job.kind !== 'metatrain' || job.training.secondDerivatives !== 'exact') return;
  for (const problem of problemsIn(job.problem)) hessianProductOf(problem);
}

/** @throws Unsupported if the problem has none. */
export function hessianProductOf(problem: ProblemSpec) {
  const { hessianProduct } = problemOf(problem);
  if (hessianProduct) return hessianProduct;
  throw new Unsupported(
    `training.secondDerivatives: "exact" needs products with the Hessian, which the problem "${problem.name}" does not have; use "dropped".`,
  );
}
