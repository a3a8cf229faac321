import type { WriteStream } from 'node:tty';

export type Colour = 'blue' | 'yellow' | 'green' | 'magenta' | 'cyan' | 'red' | 'bold' | 'dim';
export type Paint = (colour: Colour, text: string) => string;

const codes: Record<Colour, [number, number]> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [94, 39],
  magenta: [35, 39],
  cyan: [36, 39],
};

export const plain: Paint = (_colour, text) => text;
export const coloured: Paint = (colour, text) => `\x1b[${codes[colour][0]}m${text}\x1b[${codes[colour][1]}m`;

/**
 * Colours on a terminal, unless NO_COLOR is set (no-color.org). FORCE_COLOR overrides both: 0 or "false" turns colours
 * off, anything else turns them on, in a pipe too (force-color.org).
 */
export function paintFor(stream: NodeJS.WritableStream): Paint {
  const { FORCE_COLOR: force, NO_COLOR: no, TERM: terminal } = process.env;
  const wanted = force
    ? !/^(0|false)$/.test(force)
    : (stream as Partial<WriteStream>).isTTY === true && !no && terminal !== 'dumb';
  return wanted ? coloured : plain;
}
