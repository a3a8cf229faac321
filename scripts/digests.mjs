/**
 * npm run digests [-- options]: prints digests of a build's results, bit by bit, and how they differ from the stored ones.
 * test/digests/README.md says what they cover, and on which machines they are valid.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compareDigests } from './digests/canonical.mjs';
import { cases } from './digests/cases.mjs';
import { digestCase } from './digests/measure.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const kept = join(root, 'test/digests');
const instructionSets = ['avx512', 'avx2'];

const usage = `npm run digests -- [options]
  --build DIR        the checkout whose dist/ runs (this one)
  --isa NAME         avx512 or avx2 (every one that the processor has)
  --only A,B         only these of the cases ${cases()
    .map(({ name }) => name)
    .join(', ')}
  --check FILE       the digests to compare with (test/digests/ISA.json)
  --exceptions FILE  intended differences (test/digests/exceptions.json)
  --write FILE       write the digests of one --isa to this file; compare nothing
  --keep DIR         keep each run's files there`;

const { values } = parseArgs({
  options: {
    build: { type: 'string', default: root },
    isa: { type: 'string' },
    only: { type: 'string' },
    check: { type: 'string' },
    exceptions: { type: 'string', default: join(kept, 'exceptions.json') },
    write: { type: 'string' },
    keep: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(usage);
else process.exitCode = await main(values).catch(explain);

/** @returns the exit status */
async function main(options) {
  const build = resolve(options.build);
  if (!existsSync(join(build, 'dist/src/cli/main.js')))
    throw new Error(`--build ${options.build}: no dist/src/cli/main.js there; run npm run setup in that folder.`);
  const sets = options.isa === undefined ? instructionSets.filter(processorHas) : [options.isa];
  const unknown = sets.find((set) => !instructionSets.includes(set));
  if (unknown !== undefined) throw new Error(`--isa ${unknown}: expected ${instructionSets.join(' or ')}.`);
  if (sets.length === 0)
    throw new Error('This processor has neither AVX-512 nor AVX2, and there are no digests for others.');
  if (options.write !== undefined && sets.length !== 1) throw new Error('--write needs one --isa.');
  const chosen = cases().filter(({ name }) => options.only?.split(',').includes(name) ?? true);
  if (chosen.length === 0) throw new Error(`--only ${options.only}: no such case; --help lists them.`);
  let failed = false;
  for (const instructionSet of sets) {
    const found = await digestAll(chosen, { build, instructionSet, keep: options.keep });
    if (options.write !== undefined) {
      const origin = { commit: commitOf(build), processor: cpus()[0]?.model ?? null, node: process.versions.node };
      writeFileSync(options.write, `${JSON.stringify({ instructionSet, ...origin, cases: found }, null, 2)}\n`);
      continue;
    }
    const expected = readJson(options.check ?? join(kept, `${instructionSet}.json`)).cases;
    const exceptions = readJson(options.exceptions);
    const ofChosen = ([name]) => chosen.some((one) => one.name === name);
    const compared = compareDigests(Object.fromEntries(Object.entries(expected).filter(ofChosen)), found, exceptions);
    for (const line of compared.lines) console.log(`${instructionSet}: ${line}`);
    failed ||= compared.failed;
  }
  if (options.write === undefined) console.log(failed ? 'Digests differ.' : 'No unintended differences.');
  return failed ? 1 : 0;
}

async function digestAll(chosen, { build, instructionSet, keep }) {
  const base = keep ? resolve(keep, instructionSet) : mkdtempSync(join(tmpdir(), 'metadescent-digests-'));
  const found = {};
  try {
    for (const one of chosen) {
      const began = performance.now();
      const folder = join(base, one.name);
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true });
      found[one.name] = await digestCase(one, { build, folder, instructionSet });
      for (const [part, digest] of Object.entries(found[one.name]))
        console.log(`${instructionSet}  ${one.name.padEnd(22)} ${part.padEnd(10)} ${digest}`);
      process.stderr.write(`${one.name}: ${((performance.now() - began) / 1000).toFixed(1)} s\n`);
    }
  } finally {
    if (!keep) rmSync(base, { recursive: true, force: true });
  }
  return found;
}

/** null outside a git repository. */
function commitOf(folder) {
  const { status, stdout } = spawnSync('git', ['-C', folder, 'rev-parse', '--short', 'HEAD'], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : null;
}

function processorHas(instructionSet) {
  const flag = { avx512: 'avx512vl', avx2: 'avx2' }[instructionSet];
  return existsSync('/proc/cpuinfo') && new RegExp(`\\b${flag}\\b`).test(readFileSync('/proc/cpuinfo', 'utf8'));
}

function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}

function explain(error) {
  console.error(error.message);
  return 2;
}
