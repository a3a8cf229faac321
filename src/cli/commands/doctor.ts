import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { version } from '../../version.js';
import { exitCodes } from '../exit-codes.js';
import { type JsonOption, print, printJson, withJson } from '../output.js';

interface Part {
  name: string;
  /** Whether it is there, and in order. */
  ok: boolean;
  /** Whether nothing runs without it. */
  required: boolean;
  /** What there is, or what is missing and what to do. */
  found: string;
}

export function defineDoctor(program: Command): void {
  const command = program
    .command('doctor')
    .summary('show what is installed here, and what is missing')
    .description(
      'Looks at what metadescent needs on this machine: Node, Redis, its engines, the data. The exit status is 1 where ' +
        'something is missing without which it does not run.',
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
    print(`  ${part.ok ? 'ok     ' : part.required ? 'MISSING' : 'without'}  ${name.padEnd(15)}${found}`);
}

async function examine(): Promise<Part[]> {
  const { describeDigits, describeEngine } = await import('../../local/engines-here.js');
  const { describeRedis } = await import('../../service/redis/version.js');
  const [native, tfjs] = await Promise.all([
    look('native engine', false, () => describeEngine('native')),
    look('tfjs engine', true, () => describeEngine('tfjs')),
  ]);
  return [
    await look('Node', true, async () => `${process.versions.node}, ${process.platform} ${process.arch}`),
    await look('Redis', true, () => describeRedis(process.env.REDIS_URL || undefined)),
    native,
    { ...tfjs, required: !native.ok },
    await look('C++ compiler', false, async () => compiler()),
    await look('data folder', true, async () => dataFolder(process.env.METADESCENT_DATA || 'data')),
    await look('digits', false, describeDigits),
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
  throw new Error('none; only the native engine’s build needs it (Debian, Ubuntu: apt-get install g++)');
}

/** @throws Error where nothing can be written there. */
function dataFolder(folder: string): string {
  const path = resolve(folder);
  let there = path;
  while (!existsSync(there)) there = dirname(there);
  accessSync(there, constants.W_OK);
  return there === path ? path : `${path}, made by the first "serve"`;
}
