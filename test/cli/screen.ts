interface Row {
  text: string;
  /** Whether the next row continues its line. */
  wraps: boolean;
}

const escapeCharacter = '\x1b';
/** A control sequence, or a character. */
const token = new RegExp(`${escapeCharacter}\\[(\\d*)([A-Za-z])|.`, 'gsu');

/** What a terminal shows of its output: text, and the control sequences that move up and erase. */
export class Screen {
  private rows: Row[] = [{ text: '', wraps: false }];
  private x = 0;
  private y = 0;

  constructor(private columns: number) {}

  /** The lines on the screen; one that the terminal has wrapped is one line. */
  get lines(): string[] {
    const lines: string[] = [];
    let open = false;
    for (const { text, wraps } of this.rows) {
      if (open) lines.push(lines.pop() + text);
      else lines.push(text);
      open = wraps;
    }
    return lines;
  }

  /** Whether the line is on more than one row. */
  isWrapped(line: string): boolean {
    return this.rows.some(({ text, wraps }) => wraps && text !== '' && line.startsWith(text));
  }

  write(output: string): void {
    for (const [character, count, command] of output.matchAll(token)) {
      if (command === 'A') this.y = Math.max(0, this.y - Number(count || 1));
      else if (command === 'K') this.cut();
      else if (command === 'J') {
        this.cut();
        this.rows.length = this.y + 1;
      } else if (command !== undefined) throw new Error(`unknown control sequence ${JSON.stringify(character)}`);
      else if (character === '\r') this.x = 0;
      else if (character === '\n') this.down();
      else this.put(character);
    }
  }

  /** Wraps its lines again, as most terminals do. */
  resize(columns: number): void {
    const before = this.rows.slice(0, this.y).filter(({ wraps }) => !wraps).length;
    let first = this.y;
    while (first > 0 && this.rows[first - 1]!.wraps) first--;
    const offset = this.rows.slice(first, this.y).reduce((sum, { text }) => sum + text.length, this.x);
    const { lines } = this;
    this.columns = columns;
    this.rows = [];
    for (const [i, line] of lines.entries()) {
      if (i === before) [this.y, this.x] = [this.rows.length + Math.floor(offset / columns), offset % columns];
      for (let at = 0; at === 0 || at < line.length; at += columns)
        this.rows.push({ text: line.slice(at, at + columns), wraps: at + columns < line.length });
    }
  }

  private put(character: string): void {
    if (this.x === this.columns) {
      this.rows[this.y]!.wraps = true;
      this.x = 0;
      this.down();
    }
    const row = this.rows[this.y]!;
    row.text = row.text.slice(0, this.x).padEnd(this.x) + character + row.text.slice(this.x + 1);
    this.x++;
  }

  private down(): void {
    this.y++;
    if (this.y === this.rows.length) this.rows.push({ text: '', wraps: false });
  }

  private cut(): void {
    const row = this.rows[this.y]!;
    row.text = row.text.slice(0, this.x);
    row.wraps = false;
  }
}
