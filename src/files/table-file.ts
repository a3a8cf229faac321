import {
  appendFileSync,
  closeSync,
  createReadStream,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
} from 'node:fs';
import { createInterface } from 'node:readline';

const bufferedCharacters = 1 << 16;
const blockBytes = 1 << 16;

/** A CSV file whose rows begin with an ascending number: written in large pieces, truncated when a run is resumed. */
export class TableFile {
  private pending = '';

  constructor(
    private readonly path: string,
    private readonly header: string,
  ) {}

  append(...row: (string | number | boolean)[]): void {
    this.pending += `${row.join(',')}\n`;
    if (this.pending.length > bufferedCharacters) this.flush();
  }

  flush(): void {
    if (this.pending === '') return;
    if (!existsSync(this.path)) this.pending = `${this.header}\n${this.pending}`;
    appendFileSync(this.path, this.pending);
    this.pending = '';
  }

  /** The rows on the disk, their cells as text. None if there is no file. */
  async *rows(): AsyncGenerator<string[]> {
    if (!existsSync(this.path)) return;
    let isHeader = true;
    for await (const line of createInterface({ input: createReadStream(this.path) })) {
      if (!isHeader) yield line.split(',');
      isHeader = false;
    }
  }

  /** Drops the rows whose first number is `from` or more, and an incomplete last row. */
  cut(from: number): void {
    this.flush();
    if (!existsSync(this.path)) return;
    const file = openSync(this.path, 'r+');
    try {
      ftruncateSync(file, endOfRowsBefore(file, from));
    } finally {
      closeSync(file);
    }
  }
}

/** Reads blocks backwards from the end: only the rows since the last checkpoint are cut. */
function endOfRowsBefore(file: number, from: number): number {
  const { size } = fstatSync(file);
  let tail = '';
  for (let start = size; start > 0; ) {
    const length = Math.min(blockBytes, start);
    start -= length;
    const block = Buffer.alloc(length);
    readSync(file, block, 0, length, start);
    tail = block.toString('latin1') + tail;
    // The first line of the tail may have begun in the previous block.
    const whole = start === 0 ? 0 : tail.indexOf('\n') + 1;
    const lines = tail.slice(whole).split('\n');
    let end = start + whole;
    let found = -1;
    lines.slice(0, -1).forEach((line, i) => {
      end += line.length + 1;
      const isHeader = start === 0 && i === 0;
      if (isHeader || Number.parseInt(line, 10) < from) found = end;
    });
    if (found >= 0) return found;
  }
  return 0;
}
