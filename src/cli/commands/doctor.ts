import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { version } from '../../version.js';
import { exitCodes } from '../exit-codes.js';
import { type JsonOption, print, printJson, withJson } from '../output.js';

interface Part {
  name: string;
  /** Whether it is installed and works. */
  ok: boolean;
  /** Whether nothing works without it. */
  required: boolean;
  /** What was found, or what is missing and what to do. */
  found: string;
}

export function defineDoctor(program: Command): void {
  const command = program
    .command('doctor')
    .summary('show what is installed here, and what is missing')
    .description(
      'Checks what metadescent needs on this machine: Node, Redis, engines and how fast they are, data, the dashboard. ' +
        'The exit status is 1 if something required is missing.',
    );
  withJson(command, 'print {ok, version, parts} as one JSON document').action(doctor);
}

async function doctor({ json }: JsonOption): Promise<void> {
  const parts = await examine();
  const ok = parts.every((part) => part.ok || !part.required);
  if (!ok) process.exitCode = exitCodes.failure;
  if (json) return printJson({ ok, version: version(), parts });
  print(`metadescent ${version()}`);
  for (const { name, found, ...part } of parts)
    print(`  ${part.ok ? 'ok     ' : part.required ? 'MISSING' : 'absent '}  ${name.padEnd(15)}${found}`);
}

async function examine(): Promise<Part[]> {
  const { describeDigits, describeEngine } = await import('../../local/engines-here.js');
  const { describeRedis } = await import('../../service/redis/version.js');
  const { describeDashboard } = await import('../../service/dashboard.js');
  // One after the other, since their speeds are measured.
  const native = await look('native engine', false, () => describeEngine('native'));
  const tfjs = await look('tfjs engine', true, () => describeEngine('tfjs'));
  return [
    await look('Node', true, async () => `${process.versions.node}, ${process.platform} ${process.arch}`),
    await look('Redis', true, () => describeRedis(process.env.REDIS_URL || undefined)),
    native,
    { ...tfjs, required: !native.ok },
    await look('C++ compiler', false, async () => compiler()),
    await look('data folder', true, async () => dataFolder(process.env.METADESCENT_DATA || 'data')),
    await look('digits', false, describeDigits),
    await look('dashboard', false, describeDashboard),
  ];
}

async function look(name: string, required: boolean, find: () => Promise<string>): Promise<Part> {
  try {
    return { name, ok: true, required, found: await find() };
  } catch (error) {
    return { name, ok: false, required, found: (error as Error).message };
  }
}

function compiler(): string {
  if (process.env.CXX) return process.env.CXX;
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const paths = folders.flatMap((folder) => ['g++', 'clang++', 'c++'].map((name) => join(folder, name)));
  const found = paths.find((path) => existsSync(path));
  if (found) return found;
  throw new Error('not found; only building the native engine needs it (Debian, Ubuntu: apt-get install g++)');
}

/** @throws Error if it is not writable. */
function dataFolder(folder: string): string {
  const path = resolve(folder);
  let there = path;
  while (!existsSync(there)) there = dirname(there);
  accessSync(there, constants.W_OK);
  return there === path ? path : `${path}, created by the first "serve"`;
}
