/** Elements of an array of numbers and the like that make one piece. */
const run = 1024;
const pieceBytes = 1 << 18;

/**
 * What `JSON.stringify(value, null, indent)` gives of plain data, in pieces: the whole may be more than a string can hold.
 * @param indent spaces a level, or nothing
 */
export function* jsonPieces(value: unknown, indent = '', margin = '\n'): Generator<string, void, undefined> {
  if (!isContainer(value)) return yield JSON.stringify(value);
  const inner = indent && margin + indent;
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  yield open!;
  let separator = inner;
  for (const [before, member] of Array.isArray(value) ? runsOf(value, inner) : membersOf(value, indent && ' ')) {
    yield separator + before;
    if (member !== undefined) yield* jsonPieces(member, indent, inner);
    separator = `,${inner}`;
  }
  yield separator === inner ? close! : (indent && margin) + close!;
}

/** The same as UTF-8, a quarter of a megabyte at a time, and what the file ends with. */
export function* jsonBytes(value: unknown, indent = '', end = ''): Generator<Uint8Array, void, undefined> {
  const encoder = new TextEncoder();
  let text = '';
  for (const piece of jsonPieces(value, indent)) {
    text += piece;
    if (text.length < pieceBytes) continue;
    yield encoder.encode(text);
    text = '';
  }
  yield encoder.encode(text + end);
}

/** Whether the value takes at most so many bytes as JSON. */
export function fitsInBytes(value: unknown, limit: number): boolean {
  let bytes = 0;
  for (const piece of jsonBytes(value)) {
    bytes += piece.length;
    if (bytes > limit) return false;
  }
  return true;
}

/** Elements of an array: as they are, or several that hold nothing as a text of their own. */
function* runsOf(values: readonly unknown[], inner: string): Generator<[string, unknown]> {
  for (let from = 0; from < values.length; ) {
    let to = from;
    while (to < values.length && to - from < run && !isContainer(values[to])) to++;
    if (to > from) yield [values.slice(from, to).map(toElement).join(`,${inner}`), undefined];
    else yield ['', values[to++]];
    from = to;
  }
}

function* membersOf(object: object, space: string): Generator<[string, unknown]> {
  for (const [name, member] of Object.entries(object))
    if (member !== undefined) yield [`${JSON.stringify(name)}:${space}`, member];
}

function toElement(value: unknown): string {
  return JSON.stringify(value) ?? 'null';
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
