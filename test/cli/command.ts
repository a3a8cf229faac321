import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface CommandOptions {
  cwd?: string;
  env?: Record<string, string>;
  input?: string;
}

/** The command as a user runs it: a process of its own. */
export function start(args: string[], { cwd, env = {}, input }: CommandOptions = {}) {
  const child: ChildProcess = spawn(process.execPath, [main, ...args], {
    cwd,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin!.end(input ?? '');
  const ended = Promise.all([once(child, 'close'), text(child.stdout!), text(child.stderr!)]).then(
    ([[code], stdout, stderr]): Ended => ({ code, stdout, stderr }),
  );
  return { child, ended };
}

export function command(args: string[], options: CommandOptions = {}): Promise<Ended> {
  return start(args, options).ended;
}

/** A small training, with everything in it that a run has to remember; about a second. */
export const smallSpec = `
kind: metatrain
seed: 3
problem: { name: quadratic, dimension: 3 }
optimizer: { name: lstm, layers: [4], preprocess: { name: log-sign-paper }, outputScale: 0.1 }
training:
  iterations: 200
  horizon: 15
  unroll: 5
  validation: { every: 20, functions: 16 }
comparison: { functions: 400, steps: 10, tuning: { functions: 32, points: 5 }, resamples: 100 }
`;
