import type { JobSpec } from '../../../contract/spec.js';
import { differences } from '../../forms/differences.js';
import { type Json, same, stepsOf, valueAt } from '../../forms/json.js';

/** A field in which documents differ, with the value of each. */
export interface DifferingField {
  readonly pointer: string;
  readonly values: readonly (Json | undefined)[];
}

/** What tells documents of one experiment apart, and not what they do. */
const names = ['/title', '/labels'];

/** Only the fields in which the documents differ, in the order of the documents. */
export function differingFields(specs: readonly JobSpec[]): DifferingField[] {
  const [first, ...others] = specs as readonly unknown[] as Json[];
  const pointers = new Set(others.flatMap((other) => differences(first, other).map(({ pointer }) => pointer)));
  return [...pointers]
    .filter((pointer) => !names.some((name) => pointer === name || pointer.startsWith(`${name}/`)))
    .map((pointer) => ({
      pointer,
      values: (specs as readonly unknown[] as Json[]).map((spec) => valueAt(spec, stepsOf(pointer))),
    }));
}

/** Numbers of the documents that are the same but for their seeds and names, in groups, in the order of their first. */
export function seedGroups(specs: readonly JobSpec[]): number[][] {
  const kept = specs.map(({ seed: _seed, title: _title, labels: _labels, ...rest }) => rest as unknown as Json);
  const groups: number[][] = [];
  for (const [i, spec] of kept.entries()) {
    const group = groups.find(([first]) => same(kept[first!], spec));
    if (group) group.push(i);
    else groups.push([i]);
  }
  return groups;
}
