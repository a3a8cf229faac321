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

/** Colours on a terminal; none in a pipe or a file, nor where NO_COLOR is set (no-color.org). */
export function paintFor(stream: NodeJS.WritableStream): Paint {
  const wanted =
    (stream as Partial<WriteStream>).isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
  return wanted ? coloured : plain;
}
