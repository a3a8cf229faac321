import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Loaded into the process of each test file by scripts/test.mjs: the file fails if it leaves processes or temporary
 * folders behind. (With an open socket it would not end at all.) Processes are recognised by an inherited environment
 * variable, wherever in the tree they are; without /proc, only folders are checked.
 */

const variable = 'METADESCENT_TEST_FILE';
/** Milliseconds for processes to end after the tests, such as those that end when their pipe closes. */
const patience = 5_000;

// Processes that tests fork load this as well.
if (process.env[variable] === undefined) {
  const mark = randomUUID();
  const folder = mkdtempSync(join(tmpdir(), 'md-'));
  process.env[variable] = mark;
  process.env.TMPDIR = folder;
  process.on('exit', () => {
    const deadline = performance.now() + patience;
    let processes = marked(mark);
    // A process that is just starting a program has no environment for a moment: none is found only if twice in a row.
    for (let none = 0; none < 2 && performance.now() < deadline; ) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 25);
      processes = marked(mark);
      none = processes.length > 0 ? 0 : none + 1;
    }
    const left = [...processes.map(describe), ...readdirSync(folder).map((name) => join(folder, name))];
    for (const pid of processes) kill(pid);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    if (left.length === 0) return;
    process.stderr.write(`This test file leaves behind:\n${left.map((line) => `  ${line}\n`).join('')}`);
    process.exitCode = 1;
  });
}

/** Processes, other than this one, whose environment has the mark. */
function marked(mark: string): number[] {
  return list('/proc').flatMap((name) => {
    const pid = Number(name);
    return pid > 0 && pid !== process.pid && read(pid, 'environ').includes(`${variable}=${mark}`) ? [pid] : [];
  });
}

function describe(pid: number): string {
  return `process ${pid}: ${read(pid, 'cmdline').replaceAll('\0', ' ').trim()}`;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Empty for a process that has ended, or belongs to another user. */
function read(pid: number, file: 'environ' | 'cmdline'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
