import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { main } from './command.js';

const script = fileURLToPath(new URL('../../../test/cli/on_terminal.py', import.meta.url));

export const controlC = '\x03';
export const controlBackslash = '\x1c';

/** The command on its own terminal. */
export class Terminal {
  /** Everything that it has shown. */
  shown = '';
  readonly ended: Promise<number | null>;
  private readonly relay: ChildProcess;

  /** @param program that Node runs, with its arguments; by default the command */
  constructor(args: readonly string[], cwd: string, env: Record<string, string> = {}, program: string[] = [main]) {
    this.relay = spawn('python3', [script, process.execPath, ...program, ...args], {
      cwd,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, TERM: 'xterm', METADESCENT_THREADS: '1', ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.relay.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.shown += text;
      this.relay.emit('shown');
    });
    this.ended = once(this.relay, 'close').then(([code]) => code);
  }

  type(keys: string): void {
    this.relay.stdin!.write(keys);
  }

  /** Makes the terminal so many columns wide, and 40 rows high. */
  resize(columns: number): void {
    this.relay.stdin!.write(`\x1d${columns}x40\n`);
  }

  /** Closes the terminal, as closing its window does. */
  hangUp(): void {
    this.relay.stdin!.end();
  }

  /** Resolves once the output matches; rejects if the command ends first. */
  async until(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.shown);
      if (found) return found;
      if (this.relay.exitCode !== null) throw new Error(`ended with ${this.relay.exitCode}: ${this.shown}`);
      await Promise.race([once(this.relay, 'shown'), this.ended]);
    }
  }

  /** Whether the cursor is visible and lines wrap. */
  get isRestored(): boolean {
    const isOn = (mode: string) => this.shown.lastIndexOf(`\x1b[?${mode}l`) <= this.shown.lastIndexOf(`\x1b[?${mode}h`);
    return isOn('25') && isOn('7');
  }
}
