import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** The checkout. */
export const root = fileURLToPath(new URL('../../../', import.meta.url));

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end. */
export async function runToEnd(command: string, args: readonly string[], cwd = root): Promise<Outcome> {
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr] = [collect(child, 'stdout'), collect(child, 'stderr')];
  const [code] = await once(child, 'close');
  return { code, stdout: stdout.text, stderr: stderr.text };
}

export interface ServeProcess {
  /** URL of the API. */
  readonly url: string;
  /** The process. */
  readonly pid: number;
  /** Stops the service as Ctrl-C does. @returns its exit code. */
  stop(): Promise<number | null>;
  /** Kills the process with SIGKILL, and waits until it has ended. */
  kill(): Promise<void>;
}

/** Starts `metadescent serve`, or another command that serves the API, on a free port unless one is given. */
export async function startServe(
  data: string,
  { port = '0', command = ['serve'] }: { port?: string; command?: readonly string[] } = {},
): Promise<ServeProcess> {
  const main = `${root}dist/src/cli/main.js`;
  const args = [...command, '--data', data, '--port', port, '--log-level', 'warn'];
  const child = spawn(process.execPath, [main, ...args], {
    cwd: root,
    env: { ...process.env, REDIS_URL: '' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const closed = once(child, 'close');
  const said = collect(child, 'stderr');
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr!.on('data', () => {
      const match = /Serving at (\S+)/.exec(said.text);
      if (match) resolve(match[1]!);
    });
    child.once('close', () => reject(new Error(`serve ended: ${said.text}`)));
  });
  return {
    url,
    pid: child.pid!,
    async kill() {
      child.kill('SIGKILL');
      await closed;
    },
    async stop() {
      child.kill('SIGINT');
      const [code] = await closed;
      return code;
    },
  };
}

function collect(child: ChildProcess, stream: 'stdout' | 'stderr'): { text: string } {
  const collected = { text: '' };
  child[stream]!.setEncoding('utf8').on('data', (chunk: string) => {
    collected.text += chunk;
  });
  return collected;
}
