import { spawn } from 'node:child_process';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { renderTable } from '../src/cli/render/table.js';
import { peersPython } from './python.js';

/**
 * `npm run bench:apply`: what a step of a trained optimizer takes in each framework, beside that framework's Adam, on one
 * matrix of 1,000 columns. bench/README.md describes the method.
 */

const root = fileURLToPath(new URL('../../', import.meta.url));
/** How a framework's process starts: NAME of its optimizers, SIZES and SECONDS come after. */
const frameworks: Readonly<Record<string, (python: () => string) => string[]>> = {
  'plain TypeScript': () => [process.execPath, join(root, 'dist/bench/apply-here.js'), 'plain'],
  'TensorFlow.js, cpu': () => [process.execPath, join(root, 'dist/bench/apply-here.js'), 'cpu'],
  'TensorFlow.js, wasm': () => [process.execPath, join(root, 'dist/bench/apply-here.js'), 'wasm'],
  NumPy: (python) => [python(), join(root, 'bench/peers/apply.py'), 'numpy'],
  Optax: (python) => [python(), join(root, 'bench/peers/apply.py'), 'optax'],
  PyTorch: (python) => [python(), join(root, 'bench/peers/apply.py'), 'torch'],
};

/** What a framework's process prints, a line per measurement. */
export interface Applied {
  /** `adam`, or a file of examples/optimizers. */
  readonly optimizer: string;
  readonly coordinates: number;
  /** Of a step, the median. */
  readonly nanoseconds: number;
  /** Bytes of state per coordinate. */
  readonly state: number;
  /** Bytes: the most that the process has had in memory so far. */
  readonly peak: number;
}

const usage = `npm run bench:apply -- [options]
  --framework NAME   only this one; may be repeated: ${Object.keys(frameworks).join('; ')}
  --sizes 1e3,1e5    coordinates, multiples of 1,000 (1e3,1e4,1e5,1e6,1e7)
  --seconds S        how long each measurement is repeated (1)
  --optimizers A,B   adam, and files of examples/optimizers (adam,general,mnist)`;

export async function measureApply(): Promise<number> {
  const { values } = parseArgs({
    allowPositionals: true,
    options: {
      apply: { type: 'boolean' },
      help: { type: 'boolean' },
      framework: { type: 'string', multiple: true },
      sizes: { type: 'string', default: '1e3,1e4,1e5,1e6,1e7' },
      seconds: { type: 'string', default: '1' },
      optimizers: { type: 'string', default: 'adam,general,mnist' },
    },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const sizes = values.sizes.split(',').map(Number);
  const optimizers = values.optimizers.split(',');
  const chosen = values.framework ?? Object.keys(frameworks);
  console.log(
    `${cpus()[0]?.model}, ${cpus().length} CPUs, ${(totalmem() / 2 ** 30).toFixed(0)} GiB; Node ${process.versions.node}`,
  );
  const rows: string[][] = [];
  let failed = false;
  for (const name of chosen) {
    const command = frameworks[name];
    if (!command) throw new Error(`--framework ${name}: one of ${Object.keys(frameworks).join('; ')}`);
    const found = await measured([
      ...command(() => peersPython(root)),
      optimizers.join(),
      sizes.join(),
      values.seconds,
    ]);
    failed ||= optimizers.some((optimizer) => !found.some((one) => one.optimizer === optimizer));
    for (const optimizer of optimizers) {
      const own = found.filter((one) => one.optimizer === optimizer);
      const adam = found.filter((one) => one.optimizer === 'adam');
      const cells = sizes.map((size) => {
        const here = own.find(({ coordinates }) => coordinates === size);
        if (!here) return '–';
        const each = here.nanoseconds / size;
        const beside = adam.find(({ coordinates }) => coordinates === size);
        const ratio =
          optimizer === 'adam' || !beside ? '' : ` (${(here.nanoseconds / beside.nanoseconds).toPrecision(2)}×)`;
        return `${each < 100 ? each.toPrecision(2) : Math.round(each)}${ratio}`;
      });
      const memory = own.length === 0 ? '–' : `${own.at(-1)!.state.toFixed(0)}`;
      const peak = own.length === 0 ? '–' : `${(own.at(-1)!.peak / 2 ** 20).toFixed(0)}`;
      rows.push([name, optimizer, ...cells, memory, peak]);
    }
  }
  const titles = sizes.map((size) => size.toExponential(0).replace('e+', 'e'));
  const right = (title: string) => ({ title, align: 'right' as const });
  const head = ['framework', 'optimizer'].map((title) => ({ title, align: 'left' as const }));
  console.log(
    '\nNanoseconds per coordinate and step (as a multiple of Adam’s), state in bytes per coordinate, peak in MiB\n',
  );
  console.log(renderTable([...head, ...titles.map(right), right('state'), right('peak')], rows));
  return failed ? 1 : 0;
}

/** The measurements of a process, without those that it did not reach. */
async function measured([command = '', ...args]: string[]): Promise<Applied[]> {
  const env = { ...process.env, PYTHONPATH: join(root, 'python/src') };
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], env });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  await new Promise<void>((resolve, reject) => child.once('close', () => resolve()).once('error', reject));
  const lines = output
    .trim()
    .split('\n')
    .filter((line) => line.startsWith('{'));
  return lines.map((line) => JSON.parse(line) as Applied);
}
