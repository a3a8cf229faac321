import { type FieldError, maxErrors } from './errors.js';
import type { GroupRule, GroupSpec, LearnedSpec, LstmSpec } from './optimizers.js';
import type { Parameter } from './problems/family.js';
import { type ProblemSpec, parametersOf } from './problems.js';

/** A parameter, and where in θ it begins. */
export interface PlacedParameter extends Parameter {
  readonly offset: number;
  readonly size: number;
}

interface GroupOf<Optimizer> {
  /** Empty where the optimizer is a single network. */
  readonly name: string;
  readonly optimizer: Optimizer;
  /** In θ's order. */
  readonly parameters: readonly PlacedParameter[];
  /**
   * Block width w: the number of coordinates that one application of the network sees. 1 for a rule, since its
   * coordinates do not mix.
   */
  readonly width: number;
}
export type NetworkGroup = GroupOf<LstmSpec>;
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
  return group.optimizer.name === 'lstm';
}

/** Coordinates of one function in the group. */
export function sizeOfGroup({ parameters }: Pick<Group, 'parameters'>): number {
  return parameters.reduce((sum, { size }) => sum + size, 0);
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
  const parameters = placedParameters(problem);
  if (optimizer.name === 'lstm') {
    const errors = checkKernels(optimizer, parameters, '');
    return { groups: errors.length > 0 ? [] : [groupOf('', optimizer, parameters)], errors };
  }
  const { groups } = optimizer;
  const { owners, errors } = assign(groups, parameters);
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
  if (groups.every(({ optimizer }) => optimizer.name !== 'lstm'))
    errors.push({ pointer: '/groups', found: 'only rules', allowed: 'at least one "lstm": rules cannot learn' });
  const own = groups.map((_, i) => parameters.filter((_, p) => owners[p] === i));
  for (const [i, { optimizer }] of groups.entries())
    if (optimizer.name === 'lstm') errors.push(...checkKernels(optimizer, own[i]!, `/groups/${i}/optimizer`));
  if (errors.length > 0) return { groups: [], errors: errors.slice(0, maxErrors) };
  return { groups: groups.map(({ name, optimizer }, i) => groupOf(name, optimizer, own[i]!)), errors };
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
    if (width === trained) return [];
    const pointer = name === '' ? '/over' : `/groups/${i}/optimizer/over`;
    const allowed = `blocks of ${trained} coordinates, as in training (here ${width})`;
    return [{ pointer, found: quoted(optimizer.over), allowed }];
  });
}

function groupOf(name: string, optimizer: Group['optimizer'], parameters: readonly PlacedParameter[]): Group {
  return { name, optimizer, parameters, width: widthOf(optimizer, parameters) } as Group;
}

function widthOf(optimizer: Group['optimizer'], parameters: readonly PlacedParameter[]): number {
  if (optimizer.name !== 'lstm') return 1;
  switch (optimizer.over) {
    case 'all':
      return sizeOfGroup({ parameters });
    case 'kernel':
      return kernelOf(parameters[0]!)!;
    default:
      return 1;
  }
}

function placedParameters(problem: ProblemSpec): PlacedParameter[] {
  let end = 0;
  return parametersOf(problem).map((parameter) => {
    const size = parameter.shape.reduce((a, b) => a * b, 1);
    end += size;
    return { ...parameter, offset: end - size, size };
  });
}

/** The index of each parameter's group, and the first errors in the patterns. */
function assign(groups: readonly GroupSpec[], parameters: readonly PlacedParameter[]) {
  const owners: (number | undefined)[] = parameters.map(() => undefined);
  const errors: FieldError[] = [];
  const names = parameters.map(({ name }) => name);
  const sorted: SortedName[] = names.map((name, p) => ({ name, p })).sort((a, b) => (a.name < b.name ? -1 : 1));
  const patterns = groups.flatMap(({ parameters }, group) =>
    // Repeated patterns in a group have no effect.
    [...new Set(parameters)].map((pattern) => ({ pattern, group })),
  );
  // "*" comes last, since it takes what is left.
  const inTurn = [...patterns].sort((a, b) => Number(a.pattern === '*') - Number(b.pattern === '*'));
  for (const { pattern, group } of inTurn) {
    if (errors.length >= maxErrors) break;
    const refuse = (allowed: string) => {
      const pointer = `/groups/${group}/parameters/${groups[group]!.parameters.indexOf(pattern)}`;
      errors.push({ pointer, found: quoted(pattern), allowed });
    };
    const rest = pattern === '*';
    const [first, end] = rest ? [0, sorted.length] : placesOf(pattern, sorted);
    let matched = 0;
    let taken = names.length;
    for (let at = first; at < end; at++) {
      const { p } = sorted[at]!;
      const owner = owners[p];
      if (rest && owner !== undefined) continue;
      matched++;
      if (owner === undefined) owners[p] = group;
      else if (owner !== group) taken = Math.min(taken, p);
    }
    if (matched === 0 && rest) refuse('names: other groups have all the parameters');
    else if (matched === 0)
      refuse(`names of the problem’s parameters or beginnings of them with a "*": ${listed(names)}`);
    if (taken < names.length)
      refuse(`parameters that no other group has: ${names[taken]} is in ${quoted(groups[owners[taken]!]!.name)}`);
  }
  return { owners, errors };
}

interface SortedName {
  readonly name: string;
  /** Index of the parameter. */
  readonly p: number;
}

/** The range of the sorted names that match a pattern, found by binary search. */
function placesOf(pattern: string, sorted: readonly SortedName[]): [first: number, end: number] {
  const beginning = pattern.endsWith('*') ? pattern.slice(0, -1) : null;
  const before = ({ name }: SortedName) => name < (beginning ?? pattern);
  const meant = ({ name }: SortedName) => (beginning === null ? name === pattern : name.startsWith(beginning));
  const first = boundary(sorted, 0, before);
  return [first, boundary(sorted, first, meant)];
}

/** Index, from `from` on, of the first item that fails the predicate; items that pass come first. */
function boundary<T>(items: readonly T[], from: number, isSo: (item: T) => boolean): number {
  let [low, high] = [from, items.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isSo(items[middle]!)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Entries of a convolution's kernel per pair of channels; undefined for other parameters. */
function kernelOf({ shape }: Parameter): number | undefined {
  return shape.length === 4 ? shape[0]! * shape[1]! : undefined;
}

/** A network over kernels needs parameters that are kernels, all of one size. */
function checkKernels({ over }: LstmSpec, parameters: readonly PlacedParameter[], pointer: string): FieldError[] {
  if (over !== 'kernel' || parameters.length === 0) return [];
  const [first] = parameters;
  const odd = parameters.find(
    ({ shape }) => shape.length !== 4 || shape.slice(0, 2).join() !== first!.shape.slice(0, 2).join(),
  );
  if (!odd) return [];
  const allowed = `"kernel" only for parameters of shape [k, k, in, out] with the same k; ${odd.name} is [${odd.shape}]: move it to another group`;
  return [{ pointer: `${pointer}/over`, found: quoted(over), allowed }];
}

function quoted(text: string): string {
  return JSON.stringify(text);
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 12).join(', ');
  return names.length > 12 ? `${shown} and ${names.length - 12} more` : shown;
}
