import type { FieldError } from './errors.js';
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
   * Coordinates that one application of the network sees, w: the group's coordinates are blocks of so many. 1 for a rule,
   * since its coordinates do not mix.
   */
  readonly width: number;
}
export type NetworkGroup = GroupOf<LstmSpec>;
export type RuleGroup = GroupOf<GroupRule>;
/** Some parameters of a problem, and the network or the hand-written rule that optimises them. */
export type Group = NetworkGroup | RuleGroup;

/**
 * What a learned optimizer does on a problem, group by group. A single network is one group of all parameters.
 * @throws RangeError where it does not fit: {@link checkFit} says why.
 */
export function groupsOf(optimizer: LearnedSpec, problem: ProblemSpec): Group[] {
  const parameters = placedParameters(problem);
  const [misfit] = checkFit(optimizer, problem);
  if (misfit) throw new RangeError(`${misfit.pointer} is ${misfit.found}, allowed: ${misfit.allowed}`);
  if (optimizer.name === 'lstm') return [groupOf('', optimizer, parameters)];
  const { owners } = assign(optimizer.groups, parameters);
  return optimizer.groups.map(({ name, optimizer }, i) =>
    groupOf(
      name,
      optimizer,
      parameters.filter((_, p) => owners[p] === i),
    ),
  );
}

export function isNetwork(group: Group): group is NetworkGroup {
  return group.optimizer.name === 'lstm';
}

/** Coordinates of one function that are a group's. */
export function sizeOfGroup({ parameters }: Pick<Group, 'parameters'>): number {
  return parameters.reduce((sum, { size }) => sum + size, 0);
}

/** Blocks of one function, each of `width` coordinates: so many states a network has there. */
export function blocksOf(group: Group): number {
  return sizeOfGroup(group) / group.width;
}

/** What keeps an optimizer from optimising a problem; pointers begin at the optimizer. */
export function checkFit(optimizer: LearnedSpec, problem: ProblemSpec): FieldError[] {
  const parameters = placedParameters(problem);
  if (optimizer.name === 'lstm') return checkKernels(optimizer, parameters, '');
  const { groups } = optimizer;
  const { owners, errors } = assign(groups, parameters);
  for (const [i, { name }] of groups.entries())
    if (groups.findIndex((group) => group.name === name) < i)
      errors.push({ pointer: `/groups/${i}/name`, found: quoted(name), allowed: 'a name that no group before has' });
  const left = parameters.filter((_, p) => owners[p] === undefined).map(({ name }) => name);
  if (left.length > 0)
    errors.push({
      pointer: '/groups',
      found: `no group for ${listed(left)}`,
      allowed: 'groups that have every parameter of the problem; "*" stands for those that no group names',
    });
  if (groups.every(({ optimizer }) => optimizer.name !== 'lstm'))
    errors.push({ pointer: '/groups', found: 'rules alone', allowed: 'at least one "lstm": nothing else can learn' });
  for (const [i, { optimizer }] of groups.entries()) {
    const own = parameters.filter((_, p) => owners[p] === i);
    if (optimizer.name === 'lstm') errors.push(...checkKernels(optimizer, own, `/groups/${i}/optimizer`));
  }
  return errors;
}

/**
 * What keeps weights that were trained on a problem from serving another: besides {@link checkFit}, a network that saw
 * blocks of another width.
 */
export function checkTransfer(optimizer: LearnedSpec, trainedOn: ProblemSpec, problem: ProblemSpec): FieldError[] {
  const errors = checkFit(optimizer, problem);
  if (errors.length > 0) return errors;
  const before = groupsOf(optimizer, trainedOn);
  return groupsOf(optimizer, problem).flatMap(({ optimizer, width }, i) => {
    const trained = before[i]!;
    if (optimizer.name !== 'lstm' || width === trained.width) return [];
    const pointer = trained.name === '' ? '/over' : `/groups/${i}/optimizer/over`;
    const allowed = `parameters of ${trained.width} coordinates at a time, as the weights were trained for; here they are ${width}`;
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

/** The index of each parameter's group, and what is wrong with the patterns. */
function assign(groups: readonly GroupSpec[], parameters: readonly PlacedParameter[]) {
  const owners: (number | undefined)[] = parameters.map(() => undefined);
  const errors: FieldError[] = [];
  const names = parameters.map(({ name }) => name);
  const patterns = groups.flatMap(({ parameters }, group) =>
    parameters.map((pattern, i) => ({ pattern, group, pointer: `/groups/${group}/parameters/${i}` })),
  );
  // "*" comes last, since it takes what is left.
  const inTurn = [...patterns].sort((a, b) => Number(a.pattern === '*') - Number(b.pattern === '*'));
  for (const { pattern, group, pointer } of inTurn) {
    const rest = pattern === '*';
    const matched = names.flatMap((name, p) =>
      (rest ? owners[p] === undefined : matches(pattern, name)) ? [{ name, p }] : [],
    );
    if (matched.length === 0) {
      const allowed = rest
        ? 'names: other groups have all parameters'
        : `names of the problem’s parameters or beginnings of them with a "*": ${listed(names)}`;
      errors.push({ pointer, found: quoted(pattern), allowed });
    }
    const taken = matched.find(({ p }) => owners[p] !== undefined && owners[p] !== group);
    if (taken)
      errors.push({
        pointer,
        found: quoted(pattern),
        allowed: `parameters that no other group has: ${taken.name} is in ${quoted(groups[owners[taken.p]!]!.name)}`,
      });
    for (const { p } of matched) owners[p] ??= group;
  }
  return { owners, errors };
}

function matches(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

/** Entries of a convolution's kernel for one pair of channels; undefined for another parameter. */
function kernelOf({ shape }: Parameter): number | undefined {
  return shape.length === 4 ? shape[0]! * shape[1]! : undefined;
}

/** A network over kernels wants kernels, all of one size. */
function checkKernels({ over }: LstmSpec, parameters: readonly PlacedParameter[], pointer: string): FieldError[] {
  if (over !== 'kernel' || parameters.length === 0) return [];
  const [first] = parameters;
  const odd = parameters.find(
    ({ shape }) => shape.length !== 4 || shape.slice(0, 2).join() !== first!.shape.slice(0, 2).join(),
  );
  if (!odd) return [];
  const allowed = `"kernel" over parameters of shape [k, k, in, out], all of one k, and ${odd.name} is [${odd.shape}]: give it to a group of such parameters alone`;
  return [{ pointer: `${pointer}/over`, found: quoted(over), allowed }];
}

function quoted(text: string): string {
  return JSON.stringify(text);
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 12).join(', ');
  return names.length > 12 ? `${shown} and ${names.length - 12} more` : shown;
}
