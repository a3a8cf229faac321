import type { FieldError } from './errors.js';

/** Named parameters of a problem. */
interface PatternGroup {
  readonly name: string;
  /** Names, beginnings of names such as "conv*", or "*" for all that no other group names. */
  readonly parameters: readonly string[];
}

/**
 * The index of each parameter's group, undefined where none has it, and the first errors in the patterns.
 * @param names of the parameters
 * @param most errors
 */
export function ownersOf(groups: readonly PatternGroup[], names: readonly string[], most: number) {
  const owners: (number | undefined)[] = names.map(() => undefined);
  const errors: FieldError[] = [];
  const sorted: SortedName[] = names.map((name, p) => ({ name, p })).sort((a, b) => (a.name < b.name ? -1 : 1));
  const patterns = groups.flatMap(({ parameters }, group) =>
    // Repeated patterns in a group have no effect.
    [...new Set(parameters)].map((pattern) => ({ pattern, group })),
  );
  // "*" comes last, since it takes what is left.
  const inTurn = [...patterns].sort((a, b) => Number(a.pattern === '*') - Number(b.pattern === '*'));
  for (const { pattern, group } of inTurn) {
    if (errors.length >= most) break;
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

export function quoted(text: string): string {
  return JSON.stringify(text);
}

/** Some names, as a text. */
export function listed(names: readonly string[]): string {
  const shown = names.slice(0, 12).join(', ');
  return names.length > 12 ? `${shown} and ${names.length - 12} more` : shown;
}
