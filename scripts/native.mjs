/**
 * Compiles the native engine (native/) with the machine's C++ compiler into dist/native/, one file named by a hash of
 * the sources, the flags and the compiler, so that a second run finds it. Nothing is downloaded: the headers are those of
 * npm's node-api-headers.
 *
 *   node scripts/native.mjs             builds it unless it is up to date
 *   node scripts/native.mjs --sanitize  builds the kernels with AddressSanitizer and UndefinedBehaviorSanitizer, and
 *                                       runs their own tests for every instruction set; NEON's without sanitizers, in
 *                                       qemu-user if installed
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { isProgram } from './setup/program.mjs';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));
const sources = join(root, 'native');
const output = join(root, 'dist', 'native');

/** Why the engine cannot be built, in one sentence that says what to do. */
export class NativeBuildError extends Error {}

// No fast math: reassociation breaks rounding by adding a large number. Fused operations are written out as such.
const common = ['-std=c++20', '-O3', '-fPIC', '-fvisibility=hidden', '-ffp-contract=off', '-Wall', '-Wextra'];
// GCC warns that _mm512_undefined_ps() is uninitialised, and that vector arguments change the ABI.
const ofKernels = [
  '-fno-exceptions',
  '-fno-rtti',
  '-fno-math-errno',
  '-fasynchronous-unwind-tables',
  '-Wno-psabi',
  '-Wno-maybe-uninitialized',
];

/** Lanes and flags per instruction set, by processor architecture. */
const instructionSets = {
  x64: {
    avx512: {
      lanes: 16,
      flags: ['-mavx512f', '-mavx512dq', '-mavx512vl', '-mavx512bw', '-mavx2', '-mfma'],
      // Of the kernels for MLP optimizers, once more with products in bfloat16.
      bf16: ['-mavx512bf16', '-DMETADESCENT_BF16'],
    },
    avx2: { lanes: 8, flags: ['-mavx2', '-mfma'] },
    portable: { lanes: 4, flags: [] },
  },
  arm64: { neon: { lanes: 4, flags: [] }, portable: { lanes: 4, flags: [] } },
  other: { portable: { lanes: 4, flags: [] } },
};

/** A description of the current build, or null. */
export async function nativeIsBuilt() {
  try {
    const { version, compiler } = JSON.parse(readFileSync(join(output, 'native.json'), 'utf8'));
    const found = await findCompiler();
    return version === versionWith(found) && existsSync(join(output, fileOf(version)))
      ? `built with ${compiler}`
      : null;
  } catch {
    return null;
  }
}

/** @throws NativeBuildError if it cannot be built. */
export async function buildNative() {
  const compiler = await findCompiler();
  const version = versionWith(compiler);
  const folder = mkdtempSync(join(tmpdir(), 'metadescent-native-'));
  try {
    const objects = await compileAll(compiler, folder, [
      ...kernelUnits(),
      ...engineUnits(sourcesIn('engine').filter((name) => name.endsWith('.cc'))),
    ]);
    const built = join(folder, 'metadescent.node');
    const undefinedSymbols = process.platform === 'darwin' ? ['-undefined', 'dynamic_lookup'] : [];
    await compile(compiler, ['-shared', ...undefinedSymbols, ...objects, '-o', built, '-pthread']);
    mkdirSync(output, { recursive: true });
    for (const name of readdirSync(output)) if (name.endsWith('.node')) rmSync(join(output, name));
    writeFileSync(join(output, `${fileOf(version)}.tmp`), readFileSync(built));
    renameSync(join(output, `${fileOf(version)}.tmp`), join(output, fileOf(version)));
    writeFileSync(
      join(output, 'native.json'),
      `${JSON.stringify({ version, file: fileOf(version), compiler: compiler.title })}\n`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Builds and runs the kernels' tests: with sanitizers for this processor, and without them for NEON, in an emulator.
 * @returns whether all passed
 */
async function sanitize() {
  const folder = mkdtempSync(join(tmpdir(), 'metadescent-sanitize-'));
  try {
    const compiler = await findCompiler();
    const flags = [
      '-O1',
      '-g1',
      '-fsanitize=address,undefined',
      '-fno-sanitize-recover=all',
      '-fno-omit-frame-pointer',
    ];
    const own = await compileTests(compiler, join(folder, 'own'));
    const tests = [];
    for (const [name, set] of Object.entries(instructionSets[process.arch] ?? instructionSets.other)) {
      // The portable kernels are the others' templates with fewer lanes, and several times as slow.
      const variables = name === 'portable' ? { LONGEST_CASE: 15_000 } : {};
      if (hasInstructionSet(name))
        tests.push(testKernels(compiler, join(folder, name), own, name, set, flags, [], ['8'], variables));
      else console.log(`skipped: ${name}, which this processor does not have`);
    }
    if (process.arch !== 'arm64') {
      const [cross, emulator] = ['aarch64-linux-gnu-g++', 'qemu-aarch64'];
      if ((await answers(cross, '--version')) && (await answers(emulator, '--version'))) {
        const found = { command: cross, title: cross };
        const there = await compileTests(found, join(folder, 'arm64'));
        const variables = { LONGEST_CASE: 5000 };
        const { neon } = instructionSets.arm64;
        tests.push(
          testKernels(found, join(folder, 'neon'), there, 'neon', neon, ['-static'], [emulator], ['4'], variables),
        );
      } else console.log(`skipped: neon, which needs ${cross} and ${emulator}`);
    }
    return !(await Promise.all(tests)).includes(false);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * The tests' own code, which is the same for every instruction set. Without sanitizers its references in double precision
 * are several times as fast. (GCC 12 for ARM fails to vectorize them.)
 * @returns the objects
 */
async function compileTests(compiler, folder) {
  mkdirSync(folder);
  const tests = ['kernels', 'mlp'].map((test) => ({
    source: join(sources, 'test', `${test}.test.cc`),
    object: `${test}-test.o`,
    flags: [],
  }));
  return compileAll(compiler, folder, tests, ['-O2', '-fno-tree-vectorize']);
}

/**
 * @param tests objects of {@link compileTests}
 * @param runner the command that runs the binary, if any
 * @param variables of its environment
 */
async function testKernels(compiler, folder, tests, name, set, flags, runner, args, variables = {}) {
  mkdirSync(folder);
  const units = [...unitsOf(name, set), ...engineUnits(['engine/isa.cc', 'engine/pool.cc'])];
  const objects = await compileAll(compiler, folder, units, flags);
  let passed = true;
  for (const test of tests) {
    const binary = join(folder, basename(test, '.o'));
    await compile(compiler, [...flags, ...objects, test, '-o', binary, '-pthread']);
    const [command, ...rest] = [...runner, binary, name, ...args];
    // Fills new memory with NaNs, so that a read of unwritten memory shows in the results. To keep where memory was taken
    // would take more time than all else.
    const env = {
      ...process.env,
      ...variables,
      ASAN_OPTIONS: `max_malloc_fill_size=${2 ** 30}:malloc_fill_byte=255:malloc_context_size=1`,
    };
    const { stdout, stderr, code } = await run(command, rest, { env, maxBuffer: 1 << 26 }).catch((error) => error);
    process.stdout.write(stdout);
    if (code === undefined) continue;
    process.stderr.write(stderr);
    passed = false;
  }
  return passed;
}

/** False if unknown: the test would die of an illegal instruction. */
function hasInstructionSet(name) {
  if (name === 'portable' || name === 'neon') return true;
  try {
    const flags = readFileSync('/proc/cpuinfo', 'utf8');
    return new RegExp(`\\b${name === 'avx512' ? 'avx512dq' : name}\\b`).test(flags);
  } catch {
    return false;
  }
}

function kernelUnits() {
  const sets = instructionSets[process.arch] ?? instructionSets.other;
  return Object.entries(sets).flatMap(([name, set]) => unitsOf(name, set));
}

/** The kernels of an instruction set. */
function unitsOf(name, { lanes, flags, bf16 }) {
  const unit = (kernels, space, own) => ({
    source: join(sources, 'kernels', `${kernels}.cc`),
    object: `${kernels}-${space}.o`,
    flags: [...ofKernels, `-DMETADESCENT_ISA=${space}`, `-DMETADESCENT_LANES=${lanes}`, ...own],
  });
  const units = [unit('kernels', name, flags), unit('mlp', name, flags)];
  return bf16 ? [...units, unit('mlp', `${name}bf16`, [...flags, ...bf16])] : units;
}

/** @param names of files, relative to native/ */
function engineUnits(names) {
  const headers = join(dirname(createRequire(import.meta.url).resolve('node-api-headers/package.json')), 'include');
  return names.map((name) => ({
    source: join(sources, name),
    object: `${name.replaceAll('/', '-')}.o`,
    flags: ['-I', headers],
  }));
}

/** Sources and headers in a folder of native/ and the folders in it, relative to native/, in a fixed order. */
function sourcesIn(folder) {
  const entries = readdirSync(join(sources, folder), { withFileTypes: true });
  return entries
    .flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return sourcesIn(path);
      return /\.(h|cc)$/.test(entry.name) ? [path] : [];
    })
    .sort();
}

/** Compiles in parallel, one unit per core. */
async function compileAll(compiler, folder, units, extra = []) {
  const waiting = [...units];
  const work = async () => {
    for (let unit = waiting.shift(); unit; unit = waiting.shift()) {
      await compile(compiler, [...common, ...extra, ...unit.flags, '-c', unit.source, '-o', join(folder, unit.object)]);
    }
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), units.length) }, work));
  return units.map(({ object }) => join(folder, object));
}

async function compile(compiler, args) {
  try {
    await run(compiler.command, args, { maxBuffer: 1 << 26 });
  } catch (error) {
    const said = String(error.stderr || error.message).trim();
    throw new NativeBuildError(`${compiler.title} could not compile the native engine: ${said}`);
  }
}

/** The first C++ compiler that runs: CXX, or a usual one. */
async function findCompiler() {
  const candidates = process.env.CXX ? [process.env.CXX] : ['g++', 'clang++', 'c++'];
  for (const command of candidates) {
    const version = await answers(command, '--version');
    if (version) return { command, title: version.split('\n')[0] };
  }
  throw new NativeBuildError(
    `The native engine needs a C++20 compiler, but ${candidates.join(', ')} cannot be run: install g++ (Debian: apt-get install g++) and run npm run setup again.`,
  );
}

/** What a command prints, or null if it cannot be run. */
async function answers(command, ...args) {
  try {
    return (await run(command, args)).stdout;
  } catch {
    return null;
  }
}

/** Identifies a build: the sources, the compiler and flags, the platform. */
function versionWith(compiler) {
  const hash = createHash('sha256');
  hash.update(JSON.stringify([compiler.title, process.platform, process.arch, common, ofKernels, instructionSets]));
  for (const path of [...sourcesIn('engine'), ...sourcesIn('kernels')])
    hash.update(`${path}\0`).update(readFileSync(join(sources, path)));
  return hash.digest('hex').slice(0, 12);
}

function fileOf(version) {
  return `metadescent-${version}.node`;
}

if (isProgram(import.meta.url)) {
  try {
    if (process.argv.includes('--sanitize')) {
      if (!(await sanitize())) process.exitCode = 1;
    } else if (await nativeIsBuilt()) {
      console.log(`Native engine: ${await nativeIsBuilt()}.`);
    } else {
      await buildNative();
      console.log(`Native engine: ${await nativeIsBuilt()}.`);
    }
  } catch (error) {
    if (!(error instanceof NativeBuildError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
