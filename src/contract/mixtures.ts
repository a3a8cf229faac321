import type { RescaledSpec } from './problems/rescaled.js';
import type { ProblemOf, ProblemSpec } from './problems.js';

/** The problems whose functions a problem's are: a mixture's components, or itself. */
export function componentsOf(problem: ProblemSpec): ProblemSpec[] {
  if (problem.name !== 'mixture') return [problem];
  return problem.components.map((component) => component.problem as ProblemSpec);
}

/** A problem with rescaled functions; of a mixture, those of each component. */
export function rescaledBy(
  problem: ProblemSpec,
  { range, per = 'coordinate' }: Pick<RescaledSpec, 'range' | 'per'>,
): ProblemSpec {
  const rescale = (inner: ProblemSpec): ProblemOf<'rescaled'> => ({ name: 'rescaled', problem: inner, range, per });
  if (problem.name !== 'mixture') return rescale(problem);
  const components = problem.components.map((component) => ({
    ...component,
    problem: rescale(component.problem as ProblemSpec),
  }));
  return { ...problem, components };
}
