import type { WriteStream } from 'node:tty';

/** Milliseconds between two drawings. */
const interval = 100;

/** Where a terminal does not say how wide or high it is. */
const usual = { columns: 80, rows: 24 };

/**
 * Lines at the end of a terminal's output that are drawn again in place, at most ten times per second, and as wide as
 * the terminal is at that time. The terminal's state is never changed, so it needs no restoring.
 */
export class LiveRegion {
  /** The lines on the screen. The cursor is below them. */
  private drawn: readonly string[] = [];
  private drawnAt = Number.NEGATIVE_INFINITY;
  private timer: NodeJS.Timeout | null = null;
  private readonly redraw = () => this.draw();

  /** @param render the lines to show, each at most `width` characters, none of them wide */
  constructor(
    private readonly out: WriteStream,
    private readonly render: (width: number) => string[],
  ) {
    out.on('resize', this.redraw);
  }

  /** Shows what has changed, soon. */
  update(): void {
    const wait = this.drawnAt + interval - performance.now();
    if (wait <= 0) this.draw();
    else this.timer ??= setTimeout(this.redraw, wait).unref();
  }

  /** Prints text above the lines. */
  note(text: string): void {
    this.out.write(`${this.toStart()}\x1b[J${text}\n`);
    this.drawn = [];
    this.draw();
  }

  /** Leaves the lines on the screen as they are now. */
  end(): void {
    this.draw();
    clearTimeout(this.timer ?? undefined);
    this.out.off('resize', this.redraw);
  }

  private draw(): void {
    clearTimeout(this.timer ?? undefined);
    this.timer = null;
    this.drawnAt = performance.now();
    // A terminal may wrap a line that fills its last column. Lines that have scrolled away cannot be drawn again.
    const { columns, rows } = this.size;
    const lines = this.render(columns - 1).slice(0, Math.max(1, rows - 1));
    this.out.write(`${this.toStart()}${lines.map((line) => `${line}\x1b[K\n`).join('')}\x1b[J`);
    this.drawn = lines;
  }

  /** Moves the cursor to the first line. In a terminal that has become narrower, the lines take more rows than before. */
  private toStart(): string {
    const { columns } = this.size;
    const rows = this.drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / columns)), 0);
    return rows > 0 ? `\r\x1b[${rows}A` : '';
  }

  private get size(): { columns: number; rows: number } {
    const { columns, rows } = this.out;
    return { columns: columns || usual.columns, rows: rows || usual.rows };
  }
}
