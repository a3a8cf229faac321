import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

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

/** The command as a user runs it, in its own process. */
export function start(args: string[], { cwd, env = {}, input }: CommandOptions = {}) {
  const { PATH, HOME, TMPDIR, METADESCENT_TEST_FILE } = process.env;
  const child: ChildProcess = spawn(process.execPath, [main, ...args], {
    cwd,
    env: { PATH, HOME, TMPDIR, METADESCENT_TEST_FILE, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin!.end(input ?? '');
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name]!.setEncoding('utf8').on('data', (text: string) => {
      said[name] += text;
      child.emit('said');
    });
  const ended = once(child, 'close').then(([code]): Ended => ({ code, ...said }));
  /** Resolves once the output matches; rejects if the process ends first. */
  const until = async (name: 'stdout' | 'stderr', pattern: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      const found = pattern.exec(said[name]);
      if (found) return found;
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`ended with ${child.exitCode ?? child.signalCode}: ${said.stderr}`);
      await Promise.race([once(child, 'said'), ended]);
    }
  };
  return { child, ended, until };
}

export function command(args: string[], options: CommandOptions = {}): Promise<Ended> {
  return start(args, options).ended;
}

/** A small training with everything that a checkpoint has to hold; takes about a second. */
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
