import type { EngineInfo } from '../contract/events.js';
import type { EngineSpec } from '../contract/spec.js';
import { parseJobSpec } from '../contract/validate.js';
import { selectEngine } from '../core/engines/select.js';
import { createRun } from '../core/run.js';
import { loadDigits } from '../data/digits.js';
import { formatCount } from '../figures/numbers.js';

/** Describes an engine of this machine, and how fast it is. @throws Unsupported that says what is missing */
export async function describeEngine(name: Exclude<EngineSpec['name'], 'auto'>): Promise<string> {
  const { info } = await selectEngine({ name, backend: 'auto' });
  return `${wordsOf(info)}; ${await speedOf(name)}`;
}

/** Milliseconds that are measured. */
const measured = 300;

/** The speed of a small training, roughly: whatever else the machine does slows it down. */
async function speedOf(name: EngineSpec['name']): Promise<string> {
  const spec = parseJobSpec({
    kind: 'metatrain',
    engine: { name },
    problem: { name: 'quadratic' },
    optimizer: { name: 'lstm' },
    training: { iterations: 1_000_000, validation: { every: 1_000_000, functions: 1 } },
    comparison: null,
  });
  const run = await createRun({ spec });
  try {
    // The first unrolls are slow.
    for (let warm = 0; warm < 20; ) if ((await run.next())?.type === 'losses') warm++;
    const began = performance.now();
    let iterations = 0;
    for (; performance.now() - began < measured; iterations++) await run.next();
    const rate = Number(((1000 * iterations) / (performance.now() - began)).toPrecision(2));
    return `${formatCount(rate)} meta-iterations/s (quadratic, 10 coordinates, 20 steps)`;
  } finally {
    run.dispose();
  }
}

function wordsOf({ backend, instructionSet, threads, version }: EngineInfo): string {
  return `${backend}, ${instructionSet}, ${threads} ${threads === 1 ? 'thread' : 'threads'}, version ${version}`;
}

/** Describes the digits of the problem "mnist". @throws DatasetError that says what is missing */
export async function describeDigits(): Promise<string> {
  const { training, heldOut } = await loadDigits();
  return `${training.labels.length} for training, ${heldOut.labels.length} held out`;
}
