import { type FieldError, maxErrors } from './errors.js';
import { componentsOf } from './mixtures.js';
import { isNetworkSpec, type NetworkSpec, networkContract, networkNames } from './networks/networks.js';
import type { GroupRule, LearnedSpec } from './optimizers.js';
import { type PlacedParameter, sizeOfAll } from './parameters.js';
import { listed, ownersOf, quoted } from './patterns.js';
import { coordinates, type ProblemSpec, parametersOf } from './problems.js';

interface GroupOf<Optimizer> {
  /** Empty where the optimizer is a single network. */
  readonly name: string;
  readonly optimizer: Optimizer;
  /** In θ's order. */
  readonly parameters: readonly PlacedParameter[];
  /**
   * Block width w: the number of coordinates that one application of the network sees. 1 for a rule, which has a state
   * per coordinate.
   */
  readonly width: number;
}
export type NetworkGroup = GroupOf<NetworkSpec>;
export type RuleGroup = GroupOf<GroupRule>;
/** Some parameters of a problem, and the network or update rule that optimises them. */
export type Group = NetworkGroup | RuleGroup;

/**
 * The groups of a learned optimizer on a problem. A single network is one group with all parameters.
 * @throws RangeError where it does not fit: {@link checkFit} says why.
 */
export function groupsOf(optimizer: LearnedSpec, problem: ProblemSpec): Group[] {
  const { groups, errors } = fit(optimizer, problem);
  const [misfit] = errors;
  if (misfit) throw new RangeError(`${misfit.pointer} is ${misfit.found}, allowed: ${misfit.allowed}`);
  return groups;
}

/** The widths of an optimizer's networks, group by group. @throws RangeError as {@link groupsOf} does */
export function networkWidths(optimizer: LearnedSpec, problem: ProblemSpec): number[] {
  return groupsOf(optimizer, problem)
    .filter(isNetwork)
    .map(({ width }) => width);
}

export function isNetwork(group: Group): group is NetworkGroup {
  return isNetworkSpec(group.optimizer);
}

/** Coordinates of one function in the group. */
export function sizeOfGroup({ parameters }: Pick<Group, 'parameters'>): number {
  return sizeOfAll(parameters);
}

/** Blocks of `width` coordinates in one function. A network has one state per block. */
export function blocksOf(group: Group): number {
  return sizeOfGroup(group) / group.width;
}

/** Why an optimizer does not fit a problem; pointers are relative to the optimizer. */
export function checkFit(optimizer: LearnedSpec, problem: ProblemSpec): FieldError[] {
  return fit(optimizer, problem).errors;
}

/** The groups; valid only without errors. */
export function fit(optimizer: LearnedSpec, problem: ProblemSpec): { groups: Group[]; errors: FieldError[] } {
  if (problem.name === 'mixture') return fitAll(optimizer, problem);
  const parameters = placedParameters(problem);
  if (isNetworkSpec(optimizer)) {
    const errors = checkNetwork(optimizer, parameters, '');
    return { groups: errors.length > 0 ? [] : [groupOf('', optimizer, parameters)], errors };
  }
  const { groups } = optimizer;
  const { owners, errors } = ownersOf(
    groups,
    parameters.map(({ name }) => name),
    maxErrors,
  );
  for (const [i, { name }] of groups.entries())
    if (groups.findIndex((group) => group.name === name) < i)
      errors.push({ pointer: `/groups/${i}/name`, found: quoted(name), allowed: 'a name that no earlier group has' });
  const left = parameters.filter((_, p) => owners[p] === undefined).map(({ name }) => name);
  if (left.length > 0)
    errors.push({
      pointer: '/groups',
      found: `no group for ${listed(left)}`,
      allowed: 'groups that cover every parameter of the problem; "*" matches those that no group names',
    });
  if (!groups.some(({ optimizer }) => isNetworkSpec(optimizer)))
    errors.push({ pointer: '/groups', found: 'only rules', allowed: `at least one ${kinds}: rules cannot learn` });
  const own = groups.map((_, i) => parameters.filter((_, p) => owners[p] === i));
  for (const [i, { optimizer }] of groups.entries())
    if (isNetworkSpec(optimizer)) errors.push(...checkNetwork(optimizer, own[i]!, `/groups/${i}/optimizer`));
  if (errors.length > 0) return { groups: [], errors: errors.slice(0, maxErrors) };
  return { groups: groups.map(({ name, optimizer }, i) => groupOf(name, optimizer, own[i]!)), errors };
}

/** The groups on a mixture's largest component; the optimizer has to fit every one, with networks of the same widths. */
function fitAll(optimizer: LearnedSpec, mixture: ProblemSpec): ReturnType<typeof fit> {
  const components = componentsOf(mixture);
  const fits = components.map((component) => fit(optimizer, component));
  const misfit = fits.findIndex(({ errors }) => errors.length > 0);
  if (misfit >= 0) {
    const within = `(component ${misfit + 1} of the mixture, "${components[misfit]!.name}")`;
    const errors = fits[misfit]!.errors.map((error) => ({ ...error, allowed: `${error.allowed} ${within}` }));
    return { groups: [], errors };
  }
  const widths = fits.map(({ groups }) => groups.map(({ width }) => width).join());
  const other = widths.findIndex((width) => width !== widths[0]);
  if (other >= 0) {
    const allowed = `networks that see as many coordinates in every component of the mixture: component ${other + 1} has others than the first`;
    return { groups: [], errors: [{ pointer: '', found: `blocks of ${widths[other]}`, allowed }] };
  }
  const sizes = components.map(coordinates);
  return fits[sizes.indexOf(Math.max(...sizes))]!;
}

/**
 * Why trained weights do not fit a problem: what {@link checkFit} finds, or a network trained on another block width.
 * @param widths {@link networkWidths} for the problem that the weights were trained on
 */
export function checkTransfer(optimizer: LearnedSpec, widths: readonly number[], problem: ProblemSpec): FieldError[] {
  const { groups, errors } = fit(optimizer, problem);
  if (errors.length > 0) return errors;
  let network = 0;
  return groups.flatMap((group, i) => {
    if (!isNetwork(group)) return [];
    const { name, optimizer, width } = group;
    const trained = widths[network++]!;
    const pointer = name === '' ? '' : `/groups/${i}/optimizer`;
    return networkContract(optimizer).checkWidth?.(optimizer, trained, width, pointer) ?? [];
  });
}

function groupOf(name: string, optimizer: Group['optimizer'], parameters: readonly PlacedParameter[]): Group {
  const width = isNetworkSpec(optimizer) ? networkContract(optimizer).widthOf?.(optimizer, parameters) : 1;
  return { name, optimizer, parameters, width: width ?? 1 } as Group;
}

/** θ's tensors, each with its place. */
export function placedParameters(problem: ProblemSpec): PlacedParameter[] {
  let end = 0;
  return parametersOf(problem).map((parameter) => {
    const size = parameter.shape.reduce((a, b) => a * b, 1);
    end += size;
    return { ...parameter, offset: end - size, size };
  });
}

function checkNetwork(spec: NetworkSpec, parameters: readonly PlacedParameter[], pointer: string): FieldError[] {
  return networkContract(spec).check?.(spec, parameters, pointer) ?? [];
}

/** The names of networks, as a text. */
export const kinds = networkNames.map(quoted).join(' or ');
