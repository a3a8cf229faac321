/** Maximum elements of an array per piece. */
const run = 1024;
const pieceBytes = 1 << 18;

/**
 * The text of `JSON.stringify(value, null, indent)` for plain data, in pieces: the whole may exceed a string's maximum
 * length.
 * @param indent the spaces per level, or ''
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

/** The same as UTF-8, about 256 KiB at a time, followed by `end`. */
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

/** Whether the value takes at most `limit` bytes as JSON. */
export function fitsInBytes(value: unknown, limit: number): boolean {
  let bytes = 0;
  for (const piece of jsonBytes(value)) {
    bytes += piece.length;
    if (bytes > limit) return false;
  }
  return true;
}

/** Elements of an array: containers one by one, runs of other values joined into one text. */
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
