import { FormatError } from '../weights/safetensors.js';

/** What a state may consist of: plain data, without cycles. */
export type StateTree = StateLeaf | readonly StateTree[] | { readonly [name: string]: StateTree };
type StateLeaf = number | string | boolean | null | StateVector;
export type StateVector = Float32Array | Float64Array | Int32Array;

/** T, if it is a state: an interface has no index signature, so it is compared member by member. */
export type StateOf<T> = T extends StateLeaf
  ? T
  : T extends readonly (infer Item)[]
    ? readonly StateOf<Item>[]
    : T extends object
      ? { readonly [Name in keyof T]: StateOf<T[Name]> }
      : never;

/** The same state, as a tree. */
export function asState<T>(state: T & StateOf<T>): StateTree {
  return state as StateTree;
}

/**
 * A state in two parts: its outline, as JSON, and the bytes of its vectors one after the other, as floats. The outline has
 * strings, lists, trees, booleans, null and most numbers as they are. What JSON lacks is an object with the one key "":
 * `{"": "NaN"}`, likewise "Infinity", "-Infinity" and "-0"; or `{"": ["Float64Array", 3]}`, a vector and its length.
 */
export interface PackedState {
  readonly outline: string;
  readonly vectors: Float32Array;
}

const kinds = { Float32Array, Float64Array, Int32Array } as const;
type Kind = keyof typeof kinds;

/** @throws TypeError if a part is none of {@link StateTree}'s; RangeError if a name is "" */
export function packState<T>(state: T & StateOf<T>): PackedState {
  const vectors: StateVector[] = [];
  const outline = JSON.stringify(outlineOf(state, vectors));
  const bytes = new Uint8Array(vectors.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let offset = 0;
  for (const { buffer, byteOffset, byteLength } of vectors) {
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), offset);
    offset += byteLength;
  }
  return { outline, vectors: new Float32Array(bytes.buffer) };
}

/**
 * The same state, with vectors of its own.
 * @throws FormatError if the two parts do not fit each other, SyntaxError if the outline is not JSON
 */
export function unpackState({ outline, vectors }: PackedState): StateTree {
  const bytes = new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength);
  let offset = 0;
  const take = (kind: Kind, length: number): StateVector => {
    const end = offset + kinds[kind].BYTES_PER_ELEMENT * length;
    if (end > bytes.length)
      throw new FormatError(`the vectors of the state take ${bytes.length} bytes, expected at least ${end}`);
    // Uint8Array's slice copies; its own buffer is aligned for every kind.
    const vector = new kinds[kind](bytes.slice(offset, end).buffer);
    offset = end;
    return vector;
  };
  const state = stateFrom(JSON.parse(outline), take);
  if (offset !== bytes.length)
    throw new FormatError(`the vectors of the state take ${bytes.length} bytes, expected ${offset}`);
  return state;
}

function outlineOf(state: unknown, vectors: StateVector[]): unknown {
  switch (typeof state) {
    case 'string':
    case 'boolean':
      return state;
    case 'number':
      return Number.isFinite(state) && !Object.is(state, -0) ? state : { '': Object.is(state, -0) ? '-0' : `${state}` };
    case 'object': {
      if (state === null) return null;
      if (Array.isArray(state)) return state.map((item) => outlineOf(item, vectors));
      const kind = kindOf(state);
      if (kind !== undefined) {
        vectors.push(state as StateVector);
        return { '': [kind, (state as StateVector).length] };
      }
      const prototype = Object.getPrototypeOf(state);
      if (prototype !== Object.prototype && prototype !== null) break;
      if (Object.hasOwn(state, '')) throw new RangeError('a name in a state is "": give it another');
      return Object.fromEntries(Object.entries(state).map(([name, part]) => [name, outlineOf(part, vectors)]));
    }
  }
  throw new TypeError(`a state holds ${typeof state === 'object' ? 'an object of a class' : `${typeof state}`}`);
}

function stateFrom(outline: unknown, take: (kind: Kind, length: number) => StateVector): StateTree {
  if (typeof outline !== 'object' || outline === null) return outline as StateTree;
  if (Array.isArray(outline)) return outline.map((item) => stateFrom(item, take));
  if (!Object.hasOwn(outline, ''))
    return Object.fromEntries(Object.entries(outline).map(([name, part]) => [name, stateFrom(part, take)]));
  const special = (outline as Record<string, unknown>)[''];
  if (typeof special === 'string') return Number(special);
  const [kind, length] = special as [Kind, number];
  return take(kind, length);
}

function kindOf(value: object): Kind | undefined {
  return (Object.keys(kinds) as Kind[]).find((kind) => value instanceof kinds[kind]);
}
