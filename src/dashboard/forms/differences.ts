import { isObject, type Json, type Path, pointerOf, same } from './json.js';

/** A place where two documents differ. */
export interface Difference {
  readonly pointer: string;
  /** Undefined if the document has nothing there. */
  readonly before: Json | undefined;
  readonly after: Json | undefined;
}

/** Every place where two documents differ, in the order of the first. Lists of different lengths differ as a whole. */
export function differences(before: Json | undefined, after: Json | undefined, path: Path = []): Difference[] {
  if (same(before, after)) return [];
  if (isObject(before) && isObject(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].flatMap((key) => differences(before[key], after[key], [...path, key]));
  }
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length && before.some(isObject))
    return before.flatMap((item, i) => differences(item, after[i], [...path, i]));
  return [{ pointer: pointerOf(path), before, after }];
}
