/** Named fields, each of the kind and length that the native code expects. An absent one, undefined and null are the same. */
export interface Descriptor {
  readonly [name: string]: Field;
}
type Field =
  | number
  | boolean
  | string
  | null
  | undefined
  | readonly number[]
  | Float32Array
  | Float64Array
  | Int32Array
  | Uint8Array
  | Descriptor;

/** The names of fields seen so far: a path of names leads to their number. */
class Path {
  private readonly next = new Map<string, Path>();
  /** The last one taken, since most calls take the same: to compare names takes less time than to look them up. */
  private last: { readonly name: string; readonly path: Path } | undefined;
  /** Once the addon knows the names. */
  shape: number | undefined;

  constructor(readonly names: readonly string[] = []) {}

  to(name: string): Path {
    if (this.last?.name === name) return this.last.path;
    let path = this.next.get(name);
    if (path === undefined) {
      path = new Path([...this.names, name]);
      this.next.set(name, path);
    }
    this.last = { name, path };
    return path;
  }
}

/**
 * Fields as the addon's functions take them: the number of the list of their names, which it learns once, and their values.
 * Reading an object's fields from native code takes longer than the rest of a short call.
 */
export class Shapes {
  private readonly start = new Path();

  /** @param learn tells the addon the names of fields, with those of an object within between "{" and "}" */
  constructor(private readonly learn: (names: readonly string[]) => number) {}

  pack(fields: Descriptor): [shape: number, ...values: unknown[]] {
    const packed: [number, ...unknown[]] = [0];
    const path = follow(this.start, fields, packed);
    path.shape ??= this.learn(path.names);
    packed[0] = path.shape;
    return packed;
  }
}

/** Adds the values, and goes along the names. */
function follow(path: Path, fields: Descriptor, values: unknown[]): Path {
  let at = path;
  for (const name in fields) {
    const value = fields[name];
    if (value === undefined || value === null) continue;
    at = at.to(name);
    if (isDescriptor(value)) at = follow(at.to('{'), value, values).to('}');
    else values.push(value);
  }
  return at;
}

function isDescriptor(value: Field): value is Descriptor {
  return typeof value === 'object' && !ArrayBuffer.isView(value) && !Array.isArray(value);
}
