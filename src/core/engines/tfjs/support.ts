import { needsHessianProduct } from '../../../contract/engines.js';
import type { ProblemSpec } from '../../../contract/problems.js';
import { problemOf } from '../../problems/registry.js';
import { Unsupported } from '../engine.js';

/** @throws Unsupported if the problem has none. */
export function hessianProductOf(problem: ProblemSpec) {
  const { hessianProduct } = problemOf(problem);
  if (hessianProduct) return hessianProduct;
  throw new Unsupported(needsHessianProduct(problem));
}
