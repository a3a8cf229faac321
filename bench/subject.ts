import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Case, Measured } from './case.js';

export interface Limits {
  /** Bytes that the process and its children may have in memory together. */
  memory: number;
  /** Seconds that it may take in all. */
  time: number;
}

/** The outcome of a process: what it printed, with the peak memory of it and its children, or why there is no result. */
export type Outcome<T> = { ok: true; value: T } | { ok: false; reason: string };

/** The interval between samples of a process's memory, ms. */
const lookEvery = 50;

/** Runs one case in a process that may use only `threads` CPUs, so that frameworks detect that number. */
export async function runCase<T = Measured>(
  command: readonly string[],
  given: Case,
  threads: number,
  limits: Limits,
): Promise<Outcome<T>> {
  const cpus = allowedCpus().slice(0, threads);
  const child = spawn('taskset', ['--cpu-list', cpus.join(','), ...command, JSON.stringify(given)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // A separate process group, so that its children are killed with it.
    detached: true,
  });
  let [output, errors, peak, stopped] = ['', '', 0, ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-4000);
  });
  const stop = (reason: string) => {
    stopped ||= reason;
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, 'SIGKILL');
  };
  const look = setInterval(() => {
    const memory = memoryOfTree(child.pid!);
    peak = Math.max(peak, memory);
    if (memory > limits.memory) stop(`over ${(limits.memory / 2 ** 30).toFixed(1)} GiB`);
  }, lookEvery);
  const clock = setTimeout(() => stop(`over ${limits.time} s`), 1000 * limits.time);
  const interrupted = () => stop('interrupted');
  process.once('SIGINT', interrupted);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  }).finally(() => {
    clearInterval(look);
    clearTimeout(clock);
    process.removeListener('SIGINT', interrupted);
  });
  if (stopped === 'interrupted') throw new Error('Interrupted.');
  if (stopped) return { ok: false, reason: stopped };
  const last = output.trimEnd().split('\n').at(-1);
  if (code !== 0 || !last) throw new Error(`${command.join(' ')} ended with ${code}:\n${errors}`);
  const printed = JSON.parse(last);
  if (typeof printed.absent === 'string') return { ok: false, reason: printed.absent };
  return { ok: true, value: { ...printed, peakMemory: Math.max(printed.peakMemory, peak) } };
}

/** The CPUs that this process may use; the kernel lists them as "0-3,8". */
export function allowedCpus(): number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]!;
  return list.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number) as [number, number?];
    return Array.from({ length: last! - first + 1 }, (_, i) => first + i);
  });
}

/** Resident memory of a process and its descendants, bytes; 0 for those that have ended. */
export function memoryOfTree(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
    const own = 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
    return children.reduce((sum, child) => sum + memoryOfTree(Number(child)), own);
  } catch {
    return 0;
  }
}
